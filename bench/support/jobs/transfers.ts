/** The bank of examples/transfers, from memory: a transfer is three numbers in four bytes each, so that reading it is not what is measured. */
import { bind, decoding, pipeline, type Program, source } from 'millrace'
import { Account, type Deposit, deposits, refusals, type Transfer } from '../../../examples/transfers/transfers.ts'
import { accountCount, accountName, paidIn } from '../accounts.ts'
import { sinkEnd } from '../port-ends.ts'
import { countingSink } from '../run-worker.ts'
import { parametersHere, partEnd } from './parameters.ts'

const parameters = parametersHere()
const parts = Array.from({ length: parameters.parts }, (_, part) => source(`transfers${part}`, decoding(decode)))

function decode(bytes: Uint8Array): Transfer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { from: accountName(view.getUint32(0)), to: accountName(view.getUint32(4)), amount: view.getUint32(8) }
}

const bank = pipeline('bank', ({ from }) => {
  from(deposits)
    .keyBy(({ account }) => account)
    .to(Account.deposit)
  for (const part of parts)
    from(part)
      .keyBy((transfer) => transfer.from)
      .to(Account.transfer)
      .into(refusals)
})

const first: Deposit[] = Array.from({ length: accountCount }, (_, i) => ({ account: accountName(i), amount: paidIn }))
const program: Program = bind(bank, [
  deposits.from(first),
  ...parts.map((part, i) => part.from(partEnd(parameters, i))),
  refusals.to(sinkEnd('nowhere', countingSink)),
])
export default program
