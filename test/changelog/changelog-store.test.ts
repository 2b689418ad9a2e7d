import { describe, expect, test } from 'vitest'
import { storeCrashContract } from '../../runtime/ports/contracts/store-crash.ts'
import { storeContract } from '../../runtime/ports/contracts/store.ts'
import { simChangelogFixture } from './changelog-fixture.ts'

let seed = 1

describe('the store on a changelog, simulated', () => {
  storeContract({ describe, test, expect }, async () => simChangelogFixture(seed++))
  storeCrashContract({ describe, test, expect }, async () => simChangelogFixture(seed++))
})
