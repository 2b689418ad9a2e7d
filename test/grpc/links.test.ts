import { describe, expect, test } from 'vitest'
import { linkContract } from '../../runtime/ports/contracts/link.ts'
import { bridged, linksUnderTest } from './support/process-links-under-test.ts'

const kit = { describe, test, expect }
linkContract('over gRPC, a process for each group', kit, () => linksUnderTest([0, 1, 2]))
linkContract('over gRPC, from threads', kit, () => linksUnderTest([0, 1, 2], bridged))
linkContract('over gRPC, two groups in one process', kit, () => linksUnderTest([0, 0, 1]))
