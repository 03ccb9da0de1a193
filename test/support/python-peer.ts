/** A peer on Python's socket and ssl modules. */

/** What it is told, as JSON in its first argument. */
export interface PythonPeerOptions {
  role: 'server' | 'client'
  port?: number
  /** A local socket instead. */
  path?: string
  /** As a server: its certificate; as a client: the one it presents. With {@link ca} a client speaks TLS too. */
  cert?: string
  key?: string
  /** Whom to trust; a server demands a client certificate then. */
  ca?: string
  version?: 'TLSv1_2' | 'TLSv1_3'
  /** As a client: what to send, in hex. */
  send?: string
}

/**
 * A server prints its port, answers what it gets up to the end with the same in reverse, and prints what it knows of TLS. A
 * client sends, closes its side where that is plain TCP, and prints in hex what it gets up to the end.
 */
export const PYTHON_PEER = `
import json, socket, ssl, sys

options = json.loads(sys.argv[1])
serving = options['role'] == 'server'
path = options.get('path')

context = None
if 'cert' in options or 'ca' in options:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if serving else ssl.PROTOCOL_TLS_CLIENT)
    if 'cert' in options:
        context.load_cert_chain(options['cert'], options['key'])
    if 'ca' in options:
        context.load_verify_locations(options['ca'])
        context.verify_mode = ssl.CERT_REQUIRED
    if 'version' in options:
        context.minimum_version = context.maximum_version = ssl.TLSVersion[options['version']]

def read_all(connection):
    data = b''
    while chunk := connection.recv(65536):
        data += chunk
    return data

if serving:
    if path:
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(path)
        listening.listen()
        print('listening on path 0 ', flush=True)
    else:
        listening = socket.create_server(('127.0.0.1', 0))
        print('listening on', listening.getsockname()[1], flush=True)
    connection, _ = listening.accept()
    if context:
        connection = context.wrap_socket(connection, server_side=True)
        print('tls', connection.version(), connection.getpeercert(), flush=True)
    connection.sendall(read_all(connection)[::-1])
    if context:
        connection.unwrap()
    connection.close()
else:
    if path:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(path)
    else:
        connection = socket.create_connection(('127.0.0.1', options['port']))
    if context:
        connection = context.wrap_socket(connection, server_hostname='localhost')
    connection.sendall(bytes.fromhex(options['send']))
    if not context:
        connection.shutdown(socket.SHUT_WR)
    print(read_all(connection).hex(), flush=True)
`
