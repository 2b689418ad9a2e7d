import { describe, expect, test } from 'vitest'
import { storeContract } from '../../runtime/ports/contracts/store.ts'
import { levelFixture } from './level-fixture.ts'

for (const durability of ['disk', 'process'] as const) {
  describe(`the store on LevelDB, durability ${durability}`, () => {
    storeContract({ describe, test, expect }, () => levelFixture(durability))
  })
}
