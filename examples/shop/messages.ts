import type { Address } from 'millrace'
import { z } from 'zod'

/** What a customer asks for, and how it ends. */
export const Cart = z.object({
  order: z.string(),
  sku: z.string(),
  quantity: z.number().int().positive(),
  price: z.number().positive(),
  card: z.string(),
})
export const Receipt = z.object({
  order: z.string(),
  sku: z.string(),
  status: z.enum(['confirmed', 'cancelled']),
  why: z.string(),
})
export const Delivery = z.object({ sku: z.string(), quantity: z.number().int().positive() })

export type Cart = z.infer<typeof Cart>
export type Receipt = z.infer<typeof Receipt>
export type Delivery = z.infer<typeof Delivery>

/** Stock and cards know no orders: they answer whoever asked. */
export type Hold = { quantity: number; forMs: number; replyTo: Address<Held> }
export type Held = { ok: boolean }
export type Confirm = { replyTo: Address<Held> }
export type Charge = { amount: number; replyTo: Address<Charged> }
export type Charged = { ok: boolean; why?: string }
