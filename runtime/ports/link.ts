/**
 * Frames between workers. A link is as bad as a network is: frames may be lost, come twice, come in another order, and come
 * long after the session they belonged to. What makes lanes reliable is above it (runtime/shard/lanes).
 *
 * N1 A frame arrives whole and unchanged, or not at all.
 * N2 `send` never blocks and never fails. A peer that is gone is silence.
 * N3 `poll` returns frames in the order of arrival, or undefined. The bytes belong to the caller.
 * N4 `wake` (given at creation) is called when a frame arrives.
 */
export interface Links {
  send(peer: number, frame: Uint8Array): void
  poll(): { readonly peer: number; readonly frame: Uint8Array } | undefined
}
