// Completes package-lock.json after `npm install`: `npm run relock`.
//
// Tools bring a binary per platform as optional dependencies. A registry that carries only some platforms makes npm leave
// the others out of the lock file, and then `npm ci` refuses it everywhere ("Missing: ... from lock file"). What is left
// out is named by an exact version in the package that wants it, so that an entry can be written without asking anyone.
// The platform is read from the package's name, as in `core-linux-arm64-musl`. There is no integrity to write: npm checks
// such a package only against the registry that it comes from, and only on the platform that needs it.
import { readFileSync, writeFileSync } from 'node:fs'

const OS = ['android', 'darwin', 'freebsd', 'linux', 'openbsd', 'netbsd', 'openharmony', 'sunos', 'aix', 'win32']
const CPU = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64']
const LIBC = { gnu: 'glibc', gnueabihf: 'glibc', musl: 'musl', musleabihf: 'musl' }

/** Lock file and entry of a missing package, by its path in the tree. */
function missingEntries(packages) {
  const missing = {}
  for (const entry of Object.values(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const path = `node_modules/${name}`
      if (packages[path] !== undefined || !/^\d+\.\d+\.\d+/.test(version)) continue
      const words = name.split(/[/-]/)
      const os = OS.filter((word) => words.includes(word))
      const cpu = CPU.filter((word) => words.includes(word))
      if (os.length === 0 || cpu.length === 0) continue // not a binary for one platform: npm's own business
      const libc = words.flatMap((word) => LIBC[word] ?? [])
      missing[path] = {
        version,
        cpu,
        ...(entry.dev ? { dev: true } : {}),
        ...(os.includes('linux') && libc.length > 0 ? { libc } : {}),
        optional: true,
        os,
      }
    }
  }
  return missing
}

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8'))
const missing = missingEntries(lock.packages)
const { '': root, ...others } = { ...lock.packages, ...missing }
const sorted = Object.entries(others).sort(([a], [b]) => a.localeCompare(b, 'en'))
lock.packages = { '': root, ...Object.fromEntries(sorted) }
for (const entry of Object.values(lock.packages)) delete entry.resolved // no registry is named in the repository
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
console.log(`${Object.keys(missing).length} entries for other platforms added`)
