/** What the applications in this folder have in common: one stream of who follows whom, and does not any more. */
import { json, source } from 'millrace'
import { z } from 'zod'

const Follow = z.object({
  kind: z.enum(['follow', 'unfollow']),
  follower: z.string(),
  followee: z.string(),
  atMs: z.number(),
})
export type Follow = z.infer<typeof Follow>

export const follows = source('follows', json(Follow), { time: ({ atMs }) => atMs })
