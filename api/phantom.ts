/**
 * Keys that exist in types only. They keep what a thing is for inside its type, where neither completion nor a mistake finds them.
 */
export declare const accepts: unique symbol
export declare const gives: unique symbol
export declare const holds: unique symbol
export declare const takes: unique symbol
export declare const answers: unique symbol
export declare const several: unique symbol
export declare const staged: unique symbol
export declare const bound: unique symbol
export declare const reads: unique symbol
export declare const writes: unique symbol
export declare const offloaded: unique symbol
