import { bind } from 'millrace'
import { bank, deposits, refusals, transfers } from '../../../examples/transfers/transfers.ts'
import { inFile, type Job, outFile } from '../support/job.ts'

export const program: Job['program'] = (folder, follow) =>
  bind(bank, [
    deposits.from(inFile(folder, 'deposits', follow)),
    transfers.from(inFile(folder, 'transfers', follow)),
    refusals.to(outFile(folder, 'refusals')),
  ])
