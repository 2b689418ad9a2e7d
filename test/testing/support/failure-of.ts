import { SimulationError } from 'millrace/testing'

/** What `act` fails with, which must be a SimulationError. */
export async function failureOf(act: () => unknown): Promise<SimulationError> {
  try {
    await act()
  } catch (error) {
    if (error instanceof SimulationError) return error
    throw error
  }
  throw new Error('it should have failed, and did not')
}
