/** Arguments: the web server in front, and what it speaks to this one: `fcgi` or `http`. */
import { createKernel } from '@unisock/kernel'
import { APACHE_CONFIG, APACHE_FASTCGI_ENABLE, HTTP_SERVER, http } from '@unisock/plugin-http'
import { type Kind, startWebServer } from '../web-server.ts'
import { serving } from './report.ts'

const [kind, protocol] = process.argv.slice(2)
const kernel = await createKernel({ plugins: [http()] })
const server = kernel.create(HTTP_SERVER, fd => void kernel.write(fd, 'hello'))
void kernel.setOption(server, APACHE_FASTCGI_ENABLE, protocol === 'fcgi')
await kernel.bind(server, 0)
await kernel.listen(server)
const config = await kernel.query(server, APACHE_CONFIG)
serving(await startWebServer(kind as Kind, config!))
