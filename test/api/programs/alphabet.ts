import { binary, entity, pipeline, sink, source } from 'millrace'

type Vote = { letter: string; votes: number }
const frame = binary({
  decode: (bytes): Vote => ({
    letter: String.fromCharCode(bytes[0]!),
    votes: new DataView(bytes.buffer, bytes.byteOffset).getUint32(1),
  }),
  encode: ({ letter, votes }) => {
    const bytes = new Uint8Array(9)
    bytes[0] = letter.charCodeAt(0)
    new DataView(bytes.buffer).setBigUint64(1, BigInt(votes))
    return bytes
  },
})
export const votes = source('votes', frame)
export const totals = sink('totals', frame)

export const Letter = entity('letter', {
  state: () => ({ votes: 0 }),
  on: {
    vote(letter, vote: Vote, { key }) {
      letter.votes += vote.votes
      return { letter: key, votes: letter.votes }
    },
  },
})

export default pipeline('alphabet', ({ from }) => {
  from(votes)
    .keyBy((vote) => vote.letter)
    .to(Letter.vote)
    .into(totals)
})
