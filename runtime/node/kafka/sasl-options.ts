/** How a client says who it is. Without types of Node.js: it is part of the public types. */
export type SaslOptions =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
      readonly username: string
      readonly password: string
    }
  | {
      readonly mechanism: 'oauthbearer'
      /** Asked for a token whenever one is needed. */
      readonly oauthBearerProvider: () => Promise<OauthToken>
    }

export interface OauthToken {
  readonly value: string
  readonly extensions?: Readonly<Record<string, string>>
}
