/** Apache and nginx, each as a process of its own with a configuration of its own. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type ClientRequest, type IncomingHttpHeaders, type RequestOptions, request } from 'node:http'
import { request as secureRequest } from 'node:https'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { WebServerConfig } from '@unisock/plugin-http'
import type { Issued } from './certificates.ts'
import { Peer } from './peer.ts'

const MODULES = '/usr/lib/apache2/modules'
const APACHE_MODULES =
  'mpm_event authn_core authn_file authz_core authz_host authz_user auth_basic alias dir mime env headers setenvif proxy proxy_http proxy_fcgi proxy_balancer proxy_hcheck slotmem_shm lbmethod_byrequests lbmethod_heartbeat heartmonitor ssl socache_shmcb'

export const hasSendfile = (): boolean => existsSync(join(MODULES, 'mod_xsendfile.so'))

/** Where clients come from: not from where the web server does. */
export const CLIENT = '127.0.0.2'
/** alice's, in what both servers take for a password file. */
const PASSWORD = 'rabbit'
const PASSWORDS = `alice:{SHA}${createHash('sha1').update(PASSWORD).digest('base64')}\n`
export const ALICE = `Basic ${Buffer.from(`alice:${PASSWORD}`).toString('base64')}`

export interface WebServerOptions {
  config: Pick<WebServerConfig, 'apache' | 'nginx'>
  /** Ask for a password. */
  password?: boolean
  certificate?: Issued
  /** Lines of the server's section, before the generated ones. */
  before?: string
}

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

export class WebServer implements AsyncDisposable {
  readonly kind: 'apache' | 'nginx'
  readonly folder: string
  readonly port: number
  readonly #secure: boolean
  readonly #peer: Peer

  private constructor(kind: 'apache' | 'nginx', folder: string, port: number, secure: boolean, peer: Peer) {
    this.kind = kind
    this.folder = folder
    this.port = port
    this.#secure = secure
    this.#peer = peer
  }

  static async start(
    kind: 'apache' | 'nginx',
    program: string,
    options: WebServerOptions,
  ): Promise<WebServer> {
    const folder = await webFolder()
    const port = await freePort()
    await writeFile(join(folder, 'passwords'), PASSWORDS)
    await mkdir(join(folder, 'docs', 'static'), { recursive: true })
    await writeFile(join(folder, 'docs', 'static', 'page.txt'), 'from the web server')
    const text = kind === 'apache' ? apacheFile(folder, port, options) : nginxFile(folder, port, options)
    const file = join(folder, 'server.conf')
    await writeFile(file, text)
    const args =
      kind === 'apache' ? ['-f', file, '-D', 'FOREGROUND'] : ['-p', folder, '-c', file, '-g', 'daemon off;']
    const server = new WebServer(
      kind,
      folder,
      port,
      options.certificate !== undefined,
      new Peer(program, args),
    )
    try {
      await server.#answers()
      return server
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
  }

  /** One request of a client, on a connection of its own. */
  async ask(path: string, options: RequestOptions = {}, body?: string | Buffer): Promise<Answer> {
    const sent = this.open(path, options)
    sent.end(body)
    const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) =>
      sent.on('response', resolve).on('error', reject),
    )
    return { status: response.statusCode!, headers: response.headers, body: await buffer(response) }
  }

  open(path: string, options: RequestOptions = {}): ClientRequest {
    const all = { host: '127.0.0.1', localAddress: CLIENT, port: this.port, path, agent: false, ...options }
    return this.#secure ? secureRequest({ ...all, rejectUnauthorized: false }) : request(all)
  }

  log(): Promise<string> {
    return readFile(join(this.folder, 'error.log'), 'utf8')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer.terminate()
    await rm(this.folder, { recursive: true })
  }

  /** Resolves once it takes connections; rejects with what it says when it ends instead. */
  async #answers(): Promise<void> {
    let ended: unknown
    this.#peer.said(NOTHING).catch(error => {
      ended = error
    })
    while (!(await isOpen(this.port))) {
      if (ended) throw ended
      await new Promise(resolve => setTimeout(resolve, 10))
    }
  }
}

/** Matches no output: waiting for it is waiting for the end. */
const NOTHING = /(?!)/

function isOpen(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => resolve(false))
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

/** A folder that the web server's user may enter. */
export async function webFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'unisock-web-'))
  await chmod(folder, 0o755)
  return folder
}

function apacheFile(folder: string, port: number, options: WebServerOptions): string {
  const { config, password, certificate, before = '' } = options
  const modules = APACHE_MODULES.split(' ')
  if (hasSendfile()) modules.push('xsendfile')
  return `ServerRoot "${folder}"
ServerName localhost
PidFile "${folder}/pid"
DefaultRuntimeDir "${folder}"
Mutex "file:${folder}" default
ErrorLog "${folder}/error.log"
Listen 127.0.0.1:${port}
${modules.map(name => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
${process.getuid?.() === 0 ? 'User www-data\nGroup www-data' : ''}
TypesConfig /etc/mime.types
StartServers 1
ThreadsPerChild 16
HeartbeatStorage "${folder}/heartbeat"
DocumentRoot "${folder}/docs"
<Directory "/">
  Require all granted
</Directory>
${certificate ? `SSLEngine on\nSSLCertificateFile "${certificate.certificatePath}"\nSSLCertificateKeyFile "${certificate.privateKeyPath}"` : ''}
${password ? `<Location "/">\n  AuthType Basic\n  AuthName "game"\n  AuthUserFile "${folder}/passwords"\n  Require valid-user\n</Location>` : ''}
${before}
${config.apache}`
}

function nginxFile(folder: string, port: number, options: WebServerOptions): string {
  const { config, password, certificate, before = '' } = options
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${folder}/pid;
error_log ${folder}/error.log info;
events { worker_connections 256; }
http {
  access_log off;
  client_max_body_size 64m;
  ${temporary.map(name => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  ${config.nginx.http}
  server {
    listen 127.0.0.1:${port}${certificate ? ' ssl' : ''};
    server_name localhost;
    root ${folder}/docs;
    ${certificate ? `ssl_certificate ${certificate.certificatePath};\n    ssl_certificate_key ${certificate.privateKeyPath};` : ''}
    ${password ? `auth_basic "game";\n    auth_basic_user_file ${folder}/passwords;\n    set $authenticated_user $remote_user;` : ''}
    ${before}
    ${config.nginx.server}
  }
}
`
}

/** Neither server can be asked to choose, nor say which it got. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}
