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
  issue(name: string, file = name.replace('*', 'any')): Issued {
    writeFileSync(join(this.directory, `${file}.ext`), `subjectAltName=DNS:${name},IP:127.0.0.1`)
    this.#openssl('req', ...this.#newKey(file), '-out', `${file}.csr`, '-subj', `/CN=${name}`)
    this.#openssl(
      ...['x509', '-req', '-in', `${file}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-out', `${file}.crt`, '-days', '2', '-extfile', `${file}.ext`],
    )
    const [certificatePath, privateKeyPath] = [
      join(this.directory, `${file}.crt`),
      join(this.directory, `${file}.key`),
    ]
    return {
      certificatePath,
      privateKeyPath,
      certificate: readFileSync(certificatePath, 'utf8'),
      privateKey: readFileSync(privateKeyPath, 'utf8'),
    }
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

  #newKey(file: string): string[] {
    return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${file}.key`]
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { cwd: this.directory, stdio: 'pipe' })
  }
}
