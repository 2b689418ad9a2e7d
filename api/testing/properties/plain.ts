import type { PlainFinding } from '../plain-world.ts'
import type { Trial } from '../trial.ts'
import type { Property } from './property.ts'

/**
 * A handler does the same when it handles the same message again: it is run twice on the same bytes and compared, and clock,
 * `Math.random`, timers and network are out of its reach.
 */
export function deterministicHandlers(): Property {
  return {
    name: 'deterministicHandlers',
    find: (trial) => found(trial, 'deterministicHandlers') ?? breach(trial, 'deterministicHandlers'),
  }
}

/** The steps before `keyBy` make the same of a record again, whatever came in between. */
export function pureSteps(): Property {
  return { name: 'pureSteps', find: (trial) => found(trial, 'pureSteps') }
}

/** No handler changes its message. */
export function frozenMessages(): Property {
  return { name: 'frozenMessages', find: (trial) => breach(trial, 'frozenMessages') }
}

/** Whatever a handler leaves as its state can be written, and is the same when it is read again. */
export function stateSurvivesCodec(): Property {
  return { name: 'stateSurvivesCodec', find: (trial) => found(trial, 'stateSurvivesCodec') }
}

/** When nothing more comes in, it comes to rest; timers that set themselves again are no unrest. */
export function eventuallyQuiet(): Property {
  return { name: 'eventuallyQuiet', find: (trial) => found(trial, 'eventuallyQuiet') }
}

/** The first seed runs messages as they came, each further one in another legal order. */
function found(trial: Trial, property: PlainFinding['property']): string | undefined {
  return trial.plain(trial.scenario.seed - 1).findings.find((finding) => finding.property === property)?.what
}

function breach(trial: Trial, property: 'deterministicHandlers' | 'frozenMessages'): string | undefined {
  trial.plain(trial.scenario.seed - 1)
  return trial.breaches.find((breach) => breach.property === property)?.what
}
