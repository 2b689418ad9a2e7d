const previewUnits = 200

/** How people are told which message a handler has. */
export function messageNote(route: string, key: string, message: unknown): string {
  return `${route} of key ${JSON.stringify(key)}, message ${preview(message)}`
}

function preview(message: unknown): string {
  try {
    const text = JSON.stringify(message) ?? 'undefined'
    return text.length > previewUnits ? `${text.slice(0, previewUnits)}...` : text
  } catch {
    return String(message) // JSON knows no bigint
  }
}
