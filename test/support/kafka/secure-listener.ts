import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePorts } from './free-ports.ts'
import { runToEnd } from './jars.ts'

/** How to come in by TLS and password. */
export interface SecureListener {
  readonly address: string
  /** The certificate to trust. */
  readonly ca: string
  readonly username: string
  readonly password: string
  /** Where only those come in whom a certificate vouches for. */
  readonly mutual: {
    readonly address: string
    /** Key and certificate of somebody who may come in, under the password, as PKCS #12. */
    readonly pfx: Buffer
  }
}

/** For how long a token of OAUTHBEARER is believed. */
export const tokenBelievedMs = 11_000

/** A token that brokers of tests believe: a JSON web token without a signature. */
export function unsecuredToken(expiresMs: number): string {
  const [header, claims] = [{ alg: 'none' }, { sub: 'millrace', iat: Date.now() / 1_000 - 60, exp: expiresMs / 1_000 }]
  return [header, claims].map((part) => `${Buffer.from(JSON.stringify(part)).toString('base64url')}.`).join('')
}

const scramMechanisms = ['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const

/** Arguments for formatting a broker's folder: SCRAM's passwords are kept there. */
export function scramArguments({ username, password }: SecureListener): string[] {
  return scramMechanisms.flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${username},password=${password}]`])
}

/** Adds a listener to the settings of a broker, with a certificate that is made for it. */
export async function addSecureListener(
  settings: Record<string, string | number | boolean>,
  folder: string,
): Promise<SecureListener> {
  const [port, mutualPort] = await freePorts(2)
  const [store, certificate] = [join(folder, 'keys.p12'), join(folder, 'certificate.pem')]
  const [guest, guestCertificate] = [join(folder, 'guest.p12'), join(folder, 'guest.pem')]
  const trusted = join(folder, 'trusted.p12')
  const [username, password] = ['millrace', 'let-me-in']
  await makeKey(store, certificate, 'localhost', password)
  await makeKey(guest, guestCertificate, username, password)
  const ofTrusted = ['-keystore', trusted, '-storepass', password, '-storetype', 'PKCS12']
  await runToEnd('keytool', ['-importcert', '-noprompt', '-alias', 'guest', '-file', guestCertificate, ...ofTrusted])
  const listeners = `,SECURE://127.0.0.1:${port},MUTUAL://127.0.0.1:${mutualPort}`
  settings['listeners'] += listeners
  settings['advertised.listeners'] += listeners
  Object.assign(settings, {
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL,MUTUAL:SSL',
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': store,
    'ssl.keystore.password': password,
    'listener.name.mutual.ssl.client.auth': 'required',
    'listener.name.mutual.ssl.truststore.type': 'PKCS12',
    'listener.name.mutual.ssl.truststore.location': trusted,
    'listener.name.mutual.ssl.truststore.password': password,
    'listener.name.secure.sasl.enabled.mechanisms': ['PLAIN', 'OAUTHBEARER', ...scramMechanisms].join(),
    'listener.name.secure.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required user_${username}="${password}";`,
    'listener.name.secure.oauthbearer.sasl.jaas.config':
      'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;',
    'listener.name.secure.oauthbearer.connections.max.reauth.ms': tokenBelievedMs,
  })
  for (const mechanism of scramMechanisms)
    settings[`listener.name.secure.${mechanism.toLowerCase()}.sasl.jaas.config`] =
      'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  return {
    address: `127.0.0.1:${port}`,
    ca: await readFile(certificate, 'utf8'),
    username,
    password,
    mutual: { address: `127.0.0.1:${mutualPort}`, pfx: await readFile(guest) },
  }
}

/** A key with a certificate that it signs itself. */
async function makeKey(store: string, certificate: string, name: string, password: string): Promise<void> {
  const ofStore = ['-alias', 'key', '-keystore', store, '-storepass', password, '-storetype', 'PKCS12']
  const names = ['-dname', `CN=${name}`, '-ext', 'san=dns:localhost,ip:127.0.0.1', '-validity', '2']
  await runToEnd('keytool', ['-genkeypair', '-keyalg', 'EC', '-groupname', 'secp256r1', ...names, ...ofStore])
  await runToEnd('keytool', ['-exportcert', '-rfc', '-file', certificate, ...ofStore])
}
