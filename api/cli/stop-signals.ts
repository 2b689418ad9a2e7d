/** Ctrl-C and SIGTERM ask for a clean stop; the second one does not ask. Returns how to listen no longer. */
export function onStopSignals(stop: (signal: string) => void): () => void {
  let asked = false
  const listen = (signal: NodeJS.Signals): void => {
    if (asked) process.exit(130)
    asked = true
    stop(signal)
  }
  process.on('SIGINT', listen)
  process.on('SIGTERM', listen)
  return () => {
    process.off('SIGINT', listen)
    process.off('SIGTERM', listen)
  }
}
