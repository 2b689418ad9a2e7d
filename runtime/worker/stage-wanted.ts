import type { Codec } from '../shard/codec.ts'
import type { Group } from '../shard/group.ts'
import type { Wanted } from './requests.ts'

/** Puts what a caller wants into the batch of a group. Throws what is wrong with it. */
export function stageWanted(group: Group, codec: Codec, wanted: Exclude<Wanted, { readonly kind: 'flush' }>): void {
  const decode = (bytes: Uint8Array | undefined): unknown => bytes && codec.decode(bytes, 0, bytes.length)
  if (wanted.kind === 'ask') {
    group.stage.request(wanted.route, wanted.key, wanted.message, {
      id: wanted.id,
      wantsAnswer: wanted.wantsAnswer,
      resolve: (answer) => wanted.done(undefined, decode(answer)),
      reject: (error) => wanted.done(error),
    })
  } else if (wanted.kind === 'get')
    group.stage.queries.ask(wanted.entity, wanted.key, (error, state) => wanted.done(error, decode(state)))
  else group.stage.deadLetter(wanted.rowKey, wanted.letter, (error, ok) => wanted.done(error, ok))
}
