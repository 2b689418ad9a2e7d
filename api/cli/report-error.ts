import { styleText } from 'node:util'
import { MillraceError } from '../../runtime/base/errors.ts'
import { describeFailure } from '../../runtime/shard/dead-letter.ts'

/** Says on standard error what went wrong and what to do: for whoever reads it at three in the morning. */
export function reportError(error: unknown, verbose: boolean): void {
  const red = (text: string): string => styled('red', text)
  if (error instanceof MillraceError) {
    console.error(`${red(error.code)}: ${whatOf(error)}`)
    const { where } = describeFailure(error.cause)
    if (error.code === 'MR_HANDLER_FAILED' && where !== '') console.error(`  at ${where}`)
    console.error(`  ${styled('bold', 'next:')} ${error.next}`)
  } else console.error(`${red('error')}: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`)
  if (verbose) console.error(error)
  else if (!(error instanceof MillraceError) || error.cause !== undefined)
    console.error('  (--verbose shows where it came from)')
}

/** Without code and next move, which stand beside it. */
function whatOf(error: MillraceError): string {
  return error.message.slice(error.code.length + 2, error.message.length - error.next.length - 2)
}

function styled(style: 'red' | 'bold', text: string): string {
  return process.stderr.isTTY && !process.env['NO_COLOR'] ? styleText(style, text) : text
}
