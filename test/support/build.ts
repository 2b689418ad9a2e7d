import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Before all tests: commands run as they are shipped, from `dist`, where nothing is to be translated when they start. Takes a moment when nothing has changed. */
export default function build(): void {
  const cwd = fileURLToPath(new URL('../../', import.meta.url))
  execFileSync('npm', ['run', '--silent', 'build'], { cwd, stdio: ['ignore', 'inherit', 'inherit'] })
}
