/** Ctrl-C and SIGTERM ask for a clean stop; the second one does not ask. Says so. Returns how to listen no longer. */
export function onStopSignals(say: (text: string) => void, stop: () => unknown): () => void {
  let asked = false
  const listen = (signal: NodeJS.Signals): void => {
    if (asked) process.exit(130)
    asked = true
    say(`${signal}: finishing what was read; once more stops at once, and loses nothing`)
    stop()
  }
  process.on('SIGINT', listen)
  process.on('SIGTERM', listen)
  return () => {
    process.off('SIGINT', listen)
    process.off('SIGTERM', listen)
  }
}
