/** A peer that speaks FluffOS's frames on Python's socket and struct modules, and knows nothing of what is in them. */

/**
 * Arguments: `server`, or the port to connect to, and payloads in hex. A server prints its port. Sends each payload in a frame,
 * three bytes at a time, and ends its side; prints the payloads of the frames that it gets, in hex, up to the end.
 */
export const MUDMODE_PEER = `
import socket, struct, sys

where, *payloads = sys.argv[1:]
if where == 'server':
    listening = socket.create_server(('127.0.0.1', 0))
    print('listening on', listening.getsockname()[1], flush=True)
    connection, _ = listening.accept()
else:
    connection = socket.create_connection(('127.0.0.1', int(where)))
connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
stream = b''.join(struct.pack('>I', len(payload)) + payload for payload in map(bytes.fromhex, payloads))
for at in range(0, len(stream), 3):
    connection.sendall(stream[at:at + 3])

def exactly(count):
    data = b''
    while len(data) < count:
        chunk = connection.recv(count - len(data))
        if not chunk:
            return None
        data += chunk
    return data

while head := exactly(4):
    print(exactly(struct.unpack('>I', head)[0]).hex(), flush=True)
`
