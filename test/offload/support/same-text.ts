import { offload } from 'millrace'
import type { Item } from './steps.ts'

const same = ({ id }: Item): Item => ({ id })

export const one = offload(import.meta.url, same)
export const two = offload(import.meta.url, same)
