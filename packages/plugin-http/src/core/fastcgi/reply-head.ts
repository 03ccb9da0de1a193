/**
 * A response's head as CGI has it (RFC 3875 section 6.3): with a Status, and without what concerns a connection.
 * @module
 */

/** Fields of one HTTP connection (RFC 9110 section 7.6.1), which the web server has of its own. */
const CONNECTION_FIELDS = /^(?:connection|keep-alive|transfer-encoding):/i

/**
 * From the head that node:http wrote. A Status is always there: without one a Location is a redirect for some web
 * servers and a plain field for others.
 *
 * @param http Status line and header fields, without the empty line.
 */
export function cgiHead(http: string): string {
  const lines = http.split('\r\n')
  let head = `Status: ${lines[0]!.slice('HTTP/1.1 '.length)}\r\n`
  for (let i = 1; i < lines.length; i++) if (!CONNECTION_FIELDS.test(lines[i]!)) head += `${lines[i]}\r\n`
  return `${head}\r\n`
}
