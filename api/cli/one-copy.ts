import type { InitializeHook, ResolveHook } from 'node:module'

/**
 * Runs on the loader's thread. `import 'millrace'` in a program, and in whatever it imports, means the copy of Millrace that
 * runs it: with a second copy nothing that the program makes would be known to the first.
 */
let home = ''
let extension = ''

export const initialize: InitializeHook<{ readonly home: string; readonly extension: string }> = (data) => {
  home = data.home
  extension = data.extension
}

export const resolve: ResolveHook = (specifier, context, nextResolve) => {
  const [, entry = 'index'] = /^millrace(?:\/([\w/-]+))?$/.exec(specifier) ?? [undefined, '']
  return nextResolve(entry === '' ? specifier : `${home}${entry}${extension}`, context)
}
