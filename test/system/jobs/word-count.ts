import { bind } from 'millrace'
import wordCount, { counts, lines } from '../../../examples/word-count/word-count.ts'
import { inFile, type Job, outFile } from '../support/job.ts'

export const program: Job['program'] = (folder, follow) =>
  bind(wordCount, [lines.from(inFile(folder, 'lines', follow)), counts.to(outFile(folder, 'counts'))])
