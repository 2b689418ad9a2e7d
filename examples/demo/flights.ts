/**
 * Flights as they depart. Every airport counts its departures and notices when many of them in a row are late; it tells the
 * other airport what is coming. Every route remembers its worst delay.
 *
 *   millrace run flights.ts --once --in flights=flights.ndjson --out jams=jams.ndjson --out records=records.ndjson
 */
import { entity, json, pipeline, sink, source } from 'millrace'
import { z } from 'zod'

/** `at`: when it should have left. `delay`: minutes, negative when it was early. */
const Flight = z.object({ at: z.string(), origin: z.string(), destination: z.string(), delay: z.number() })
const Jam = z.object({ kind: z.enum(['jam', 'clear']), airport: z.string(), at: z.string(), flights: z.number() })
const Worst = z.object({ route: z.string(), at: z.string(), delay: z.number(), before: z.number() })
export type Flight = z.infer<typeof Flight>

export const flights = source('flights', json(Flight))
export const jams = sink('jams', json(Jam), { key: (jam) => jam.airport })
export const records = sink('records', json(Worst), { key: (record) => record.route })

/** A flight is late from this many minutes on, and so many late ones in a row are a jam. */
const late = 15
const jammed = 6

export const Airport = entity('airport', {
  state: () => ({ departures: 0, delay: 0, lateInARow: 0, expected: 0, expectedLate: 0 }),
  on: {
    departed(airport, { at, destination, delay }: Flight, ctx) {
      airport.departures += 1
      airport.delay += delay
      ctx.send(Airport.expect, destination, { delay })
      if (delay >= late) {
        airport.lateInARow += 1
        if (airport.lateInARow === jammed) return { kind: 'jam', airport: ctx.key, at, flights: jammed }
        return
      }
      const flights = airport.lateInARow
      airport.lateInARow = 0
      if (flights >= jammed) return { kind: 'clear', airport: ctx.key, at, flights }
    },
    expect(airport, { delay }: { delay: number }) {
      airport.expected += 1
      if (delay >= late) airport.expectedLate += 1
    },
  },
})

export const Route = entity('route', {
  state: () => ({ flights: 0, delay: 0, worst: 0 }),
  on: {
    flown(route, { at, delay }: Flight, ctx) {
      route.flights += 1
      route.delay += delay
      const before = route.worst
      if (delay <= before) return
      route.worst = delay
      return { route: ctx.key, at, delay, before }
    },
  },
})

export default pipeline('flights', ({ from }) => {
  from(flights)
    .keyBy(({ origin }) => origin)
    .to(Airport.departed)
    .into(jams)
  from(flights)
    .keyBy(({ origin, destination }) => `${origin}-${destination}`)
    .to(Route.flown)
    .into(records)
})
