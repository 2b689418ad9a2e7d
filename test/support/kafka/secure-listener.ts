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
  const [port] = await freePorts(1)
  const [store, certificate] = [join(folder, 'keys.p12'), join(folder, 'certificate.pem')]
  const [username, password] = ['millrace', 'let-me-in']
  const ofStore = ['-alias', 'broker', '-keystore', store, '-storepass', password, '-storetype', 'PKCS12']
  const names = ['-dname', 'CN=localhost', '-ext', 'san=dns:localhost,ip:127.0.0.1', '-validity', '2']
  await runToEnd('keytool', ['-genkeypair', '-keyalg', 'EC', '-groupname', 'secp256r1', ...names, ...ofStore])
  await runToEnd('keytool', ['-exportcert', '-rfc', '-file', certificate, ...ofStore])
  settings['listeners'] += `,SECURE://127.0.0.1:${port}`
  settings['advertised.listeners'] += `,SECURE://127.0.0.1:${port}`
  Object.assign(settings, {
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL',
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': store,
    'ssl.keystore.password': password,
    'listener.name.secure.sasl.enabled.mechanisms': ['PLAIN', ...scramMechanisms].join(),
    'listener.name.secure.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required user_${username}="${password}";`,
  })
  for (const mechanism of scramMechanisms)
    settings[`listener.name.secure.${mechanism.toLowerCase()}.sasl.jaas.config`] =
      'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  return { address: `127.0.0.1:${port}`, ca: await readFile(certificate, 'utf8'), username, password }
}
