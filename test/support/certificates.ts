/** Certificates made for one run of the tests, by OpenSSL. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Issued {
  certificate: string
  privateKey: string
  certificatePath: string
  privateKeyPath: string
}

export interface IssueOptions {
  /** The names of its files. @default the name, without `*` */
  file?: string
  /** Days it is valid from now; negative for one that has expired. @default 2 */
  days?: number
  /** @default 'ec' */
  key?: 'ec' | 'rsa'
}

export class Authority {
  readonly directory = mkdtempSync(join(tmpdir(), 'unisock-tls-'))
  readonly path: string
  readonly certificate: string

  constructor() {
    this.#openssl(
      'req',
      '-x509',
      ...this.#newKey('ca'),
      '-out',
      'ca.pem',
      '-days',
      '2',
      '-subj',
      '/CN=Test CA',
    )
    this.path = join(this.directory, 'ca.pem')
    this.certificate = readFileSync(this.path, 'utf8')
  }

  /** A certificate for a DNS name (and 127.0.0.1). */
  issue(name: string, options: IssueOptions = {}): Issued {
    const { file = name.replace('*', 'any'), days = 2, key = 'ec' } = options
    writeFileSync(join(this.directory, `${file}.ext`), altNames(name))
    this.#openssl('req', ...this.#newKey(file, key), '-out', `${file}.csr`, '-subj', `/CN=${name}`)
    this.#openssl(
      ...['x509', '-req', '-in', `${file}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-out', `${file}.crt`, '-days', String(days), '-extfile', `${file}.ext`],
    )
    return this.#read(file)
  }

  /** A certificate that nobody vouches for. */
  selfSign(name: string, file = `self-${name}`): Issued {
    this.#openssl(
      ...['req', '-x509', ...this.#newKey(file), '-out', `${file}.crt`, '-days', '2'],
      ...['-subj', `/CN=${name}`, '-addext', altNames(name)],
    )
    return this.#read(file)
  }

  /** A key, encrypted. */
  encrypt(issued: Issued, passphrase: string): string {
    this.#openssl(
      'pkcs8',
      '-topk8',
      '-in',
      issued.privateKeyPath,
      '-out',
      'encrypted.key',
      '-passout',
      `pass:${passphrase}`,
    )
    return readFileSync(join(this.directory, 'encrypted.key'), 'utf8')
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true })
  }

  #read(file: string): Issued {
    const certificatePath = join(this.directory, `${file}.crt`)
    const privateKeyPath = join(this.directory, `${file}.key`)
    return {
      certificatePath,
      privateKeyPath,
      certificate: readFileSync(certificatePath, 'utf8'),
      privateKey: readFileSync(privateKeyPath, 'utf8'),
    }
  }

  #newKey(file: string, kind: 'ec' | 'rsa' = 'ec'): string[] {
    const size = kind === 'rsa' ? 'rsa_keygen_bits:2048' : 'ec_paramgen_curve:prime256v1'
    return ['-newkey', kind, '-pkeyopt', size, '-nodes', '-keyout', `${file}.key`]
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { cwd: this.directory, stdio: 'pipe' })
  }
}

function altNames(name: string): string {
  return `subjectAltName=DNS:${name},IP:127.0.0.1`
}
