import protobuf from 'protobufjs'
import type { NamedSchema } from './registry-client.ts'
import type { SchemaLanguage } from './subject-format.ts'

/** What a value becomes: 64-bit integers are bigint, enumerations their names, what is not there has its default. */
const plain: protobuf.IConversionOptions = { longs: BigInt, enums: String, defaults: true, arrays: true, objects: true }

/**
 * Protobuf. In front of a message stands which one of its file it is: the places of the message and of those around it.
 * @param own what values are written with; undefined: they are only read
 */
export function protobufLanguage(
  own: { readonly schema: string; readonly message: string } | undefined,
): SchemaLanguage {
  return {
    type: 'PROTOBUF',
    reader: ({ text, references }) => {
      const messages = messagesOf(text, references)
      return (bytes) => {
        const reader = new protobuf.Reader(bytes)
        const type = messages.get(readPlaces(reader))
        if (type === undefined) throw new TypeError('a message that its schema does not have')
        return type.toObject(type.decode(reader), plain)
      }
    },
    writer: own && writerOf(own.schema, own.message),
  }
}

function writerOf(schema: string, message: string): NonNullable<SchemaLanguage['writer']> {
  const found = [...messagesOf(schema, [])].find(([, type]) => type.fullName.slice(1) === message)
  if (found === undefined) throw new TypeError(`the schema has no message ${message}`)
  const [places, type] = found
  return {
    schema,
    encode: (value) => {
      const writer = new protobuf.Writer()
      writePlaces(writer, places)
      return type.encode(type.fromObject(value as Record<string, unknown>), writer).finish()
    },
  }
}

/** The messages of a file by their places: `0`, `1`, `1.0`. */
function messagesOf(text: string, references: readonly NamedSchema[]): ReadonlyMap<string, protobuf.Type> {
  const root = new protobuf.Root()
  for (const reference of references) addFile(reference.text, root)
  addFile(text, root)
  root.resolveAll()
  // Alone, for its own order: in `root` the messages of a package stand together, whatever file they are from.
  const alone = protobuf.parse(text, new protobuf.Root(), { keepCase: true })
  const messages = new Map<string, protobuf.Type>()
  const collect = (scope: protobuf.NamespaceBase, path: string): void => {
    let place = 0
    for (const each of scope.nestedArray) {
      if (!(each instanceof protobuf.Type)) continue
      const here = path === '' ? String(place) : `${path}.${place}`
      messages.set(here, root.lookupType(each.fullName))
      collect(each, here)
      place += 1
    }
  }
  collect(alone.package === undefined ? alone.root : (alone.root.lookup(alone.package) as protobuf.Namespace), '')
  return messages
}

/** With what it imports of Protobuf's own. */
function addFile(text: string, root: protobuf.Root): void {
  const { imports = [] } = protobuf.parse(text, root, { keepCase: true })
  for (const name of imports) {
    const known = protobuf.common.get(name)?.nested
    if (known !== undefined && known !== null) root.addJSON(known)
  }
}

/** A count and as many places; for the first message of a file a single zero. */
function readPlaces(reader: protobuf.Reader): string {
  const count = reader.sint32()
  if (count === 0) return '0'
  const places: number[] = []
  for (let i = 0; i < count; i++) places.push(reader.sint32())
  return places.join('.')
}

function writePlaces(writer: protobuf.Writer, places: string): void {
  const all = places.split('.').map(Number)
  if (places === '0') {
    writer.sint32(0)
    return
  }
  writer.sint32(all.length)
  for (const place of all) writer.sint32(place)
}
