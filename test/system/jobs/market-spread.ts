import { bind } from 'millrace'
import merged, { events, rejections } from '../../../examples/market-spread/merged.ts'
import { inFile, type Job, outFile } from '../support/job.ts'

export const program: Job['program'] = (folder, follow) =>
  bind(merged, [events.from(inFile(folder, 'events', follow)), rejections.to(outFile(folder, 'rejections'))])
