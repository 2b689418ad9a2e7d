/**
 * Adds up the votes for each letter. Records are binary: a letter (or more) and its votes in the last four bytes.
 *
 *   millrace run alphabet.ts --in votes='file:votes.msg?framing=u32' --out totals='file:totals.msg?framing=u32' --once
 */
import { decoding, encoding, entity, pipeline, sink, source } from 'millrace'

type Vote = { letter: string; votes: number }

const utf8 = new TextDecoder()
const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function decodeVote(bytes: Uint8Array): Vote {
  if (bytes.length < 5) throw new RangeError(`a vote has at least 5 bytes, not ${bytes.length}`)
  return { letter: utf8.decode(bytes.subarray(0, -4)), votes: view(bytes).getUint32(bytes.length - 4) }
}

/** A total may outgrow four bytes, so it has eight. */
function encodeTotal({ letter, votes }: Vote): Uint8Array {
  const name = new TextEncoder().encode(letter)
  const bytes = new Uint8Array(name.length + 8)
  bytes.set(name)
  view(bytes).setBigUint64(name.length, BigInt(votes))
  return bytes
}

export const votes = source('votes', decoding(decodeVote))
export const totals = sink('totals', encoding(encodeTotal), { key: (total) => total.letter })

export const Letter = entity('letter', {
  state: () => ({ votes: 0 }),
  on: {
    vote(letter, { votes }: Vote, ctx) {
      letter.votes += votes
      return { letter: ctx.key, votes: letter.votes }
    },
  },
})

export default pipeline('alphabet', ({ from }) => {
  from(votes)
    .keyBy((vote) => vote.letter)
    .to(Letter.vote)
    .into(totals)
})
