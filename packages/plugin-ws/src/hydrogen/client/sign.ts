/**
 * Signatures of commands that the server wants signed: HMAC-SHA256 (RFC 2104) over what is sent.
 * @module
 */

/** In hexadecimal; `data` is the JSON text as it is sent, empty where there is none. Browsers have it on secure pages only. */
export async function sign(
  secret: string,
  id: string,
  timestamp: string,
  channel: string,
  action: string,
  data: string,
): Promise<string> {
  const { subtle } = crypto
  const encoder = new TextEncoder()
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await subtle.importKey('raw', encoder.encode(secret), algorithm, false, ['sign'])
  const text = encoder.encode(`${id}\n${timestamp}\n${channel}\n${action}\n${data}`)
  const code = new Uint8Array(await subtle.sign('HMAC', key, text))
  return Array.from(code, byte => byte.toString(16).padStart(2, '0')).join('')
}
