import { register } from 'node:module'

/**
 * From now on this thread can load TypeScript, and what it loads finds this copy of Millrace. TypeScript is translated by one loader
 * on every version of Node.js, although newer ones could do without: what a step's text looks like is part of a source's
 * fingerprint, and must not depend on it.
 */
export async function useLoader(): Promise<void> {
  const loader: string = '@oxc-node/core/register'
  await import(loader)
  const built = import.meta.url.endsWith('.js')
  const hooks = new URL('./one-copy.js', import.meta.url).href
  register(built ? hooks : hooks.replace(/js$/, 'ts'), {
    parentURL: import.meta.url,
    data: { home: new URL('../', import.meta.url).href, extension: built ? '.js' : '.ts' },
  })
}
