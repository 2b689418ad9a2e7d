import type { Address } from 'millrace'

export type Place = { order: string; sku: string; quantity: number; price: number; card: string }
export type Held = { ok: boolean }
/** Inventory knows nobody: it answers whoever asked. */
export type Hold = { quantity: number; forMs: number; replyTo: Address<Held> }
export type Charge = { amount: number; replyTo: Address<Charged> }
export type Charged = { ok: boolean; why?: string }
