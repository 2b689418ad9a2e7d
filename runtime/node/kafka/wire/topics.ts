import { WireReader, WireWriter } from './bytes.ts'
import type { WireCall } from './call.ts'
import { throwIfFailed } from './error-codes.ts'

const creatingMs = 5_000
/** What DescribeConfigs calls a topic. */
const topicResource = 2

/** CreateTopics, version 4: Kafka 2.4 and later. As many copies as the brokers make by default. */
export function createTopicCall(
  topic: string,
  partitions: number,
  settings: Readonly<Record<string, string>>,
): WireCall<void> {
  const doing = `creating topic ${topic}`
  const request = new WireWriter()
  request.int32(1)
  request.text(topic)
  request.int32(partitions)
  request.int16(-1)
  request.int32(0)
  request.int32(Object.keys(settings).length)
  for (const [name, value] of Object.entries(settings)) {
    request.text(name)
    request.text(value)
  }
  request.int32(creatingMs)
  request.int8(0) // not only to see whether it would do
  return {
    doing,
    key: 19,
    version: 4,
    request,
    waitMs: creatingMs,
    read(bytes) {
      const reader = new WireReader(bytes, 4)
      for (let count = reader.count(); count > 0; count--) {
        reader.text()
        throwIfFailed(reader.int16(), doing, reader.text())
      }
    },
  }
}

/** DescribeConfigs, version 2: Kafka 2.0 and later. */
export function topicSettingCall(topic: string, name: string): WireCall<string | undefined> {
  const doing = `asking for ${name} of ${topic}`
  const request = new WireWriter()
  request.int32(1)
  request.int8(topicResource)
  request.text(topic)
  request.int32(1)
  request.text(name)
  request.int8(0) // where the value comes from is of no interest
  return {
    doing,
    key: 32,
    version: 2,
    request,
    waitMs: 0,
    read(bytes) {
      const reader = new WireReader(bytes, 4)
      let found: string | undefined
      for (let count = reader.count(); count > 0; count--) {
        throwIfFailed(reader.int16(), doing, reader.text())
        reader.int8()
        reader.text()
        for (let settings = reader.count(); settings > 0; settings--) found = readSetting(reader, name) ?? found
      }
      return found
    },
  }
}

function readSetting(reader: WireReader, wanted: string): string | undefined {
  const name = reader.text()
  const value = reader.text()
  reader.at += 3 // whether it is read only, from where, and secret
  for (let synonyms = reader.count(); synonyms > 0; synonyms--) {
    reader.text()
    reader.text()
    reader.int8()
  }
  return name === wanted ? value : undefined
}
