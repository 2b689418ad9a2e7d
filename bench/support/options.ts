/** The number given as `--name=NUMBER`, or what is usual. */
export function option(name: string, usual: number): number {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`))
  if (given === undefined) return usual
  const value = Number(given.slice(name.length + 3))
  if (value > 0) return value
  throw new TypeError(`--${name} is a number greater than 0, not ${given.slice(name.length + 3)}`)
}

/** Whether `--name` was given. */
export function flag(name: string): boolean {
  return process.argv.includes(`--${name}`)
}
