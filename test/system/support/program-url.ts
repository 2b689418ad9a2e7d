/** A job as a file that every thread can load by itself. */
export function programUrl(job: string, folder: string, grows: boolean): URL {
  const url = new URL(import.meta.url.replace('program-url', 'program-of-job'))
  url.search = new URLSearchParams({ job, folder, grows: String(grows) }).toString()
  return url
}
