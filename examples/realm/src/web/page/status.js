/**
 * How the realm is, live, over Hydrogen messaging. A connection that is lost comes back to the same session: what was
 * published meanwhile is made up for, or said to be missing.
 * @module
 */
import { element, part, show, showState } from './dom.js'
import { connect } from './hydrogen/client.js'

const PATH = '/hydrogen'
const NEWS = 'realm.news'
const MAX_NEWS = 8

export class Status {
  #client
  /** When the connection was lost. */
  #lostAt
  #missed = 0
  /** Since when the realm is open. */
  #since
  #clock

  async start(token) {
    const url = new URL(PATH, location.href)
    url.protocol = url.protocol.replace('http', 'ws')
    part('status-news').replaceChildren()
    const client = connect(url.href, { token, reconnect: { min: 500, max: 15_000 } })
    this.#client = client
    this.#clock = setInterval(() => this.#tick(), 1000)
    client.on('state', state => this.#onState(state))
    client.on('session', session => this.#onSession(session))
    // The server's own figures are told again soon; what is missing of them is missed by nobody.
    client.on('gap', ({ topic }) => {
      if (topic.startsWith('realm.')) this.#missed++
    })
    // What is lost is told by the state; nobody else is to be told of it.
    client.on('error', () => {})
    showState('status-state', 'Connecting…')
    try {
      await Promise.all([
        client.subscribe('system', { last: true }, ({ data }) => this.#showServer(data)),
        client.subscribe('realm.census', { last: true }, ({ data }) => this.#showCensus(data)),
        this.#followNews(client),
      ])
    } catch (error) {
      if (this.#client === client) showState('status-state', error.message, 'lost')
    }
  }

  stop() {
    clearInterval(this.#clock)
    this.#client?.close()
    this.#client = undefined
    this.#lostAt = undefined
    showState('status-state', '')
  }

  /** The latest there are, and all that come behind them. */
  async #followNews(client) {
    const { epoch, top, publications } = await client.history(NEWS, { limit: MAX_NEWS, reverse: true })
    for (const publication of publications.toReversed()) this.#addNews(publication)
    await client.subscribe(NEWS, { position: { epoch, offset: top } }, event => this.#addNews(event))
  }

  #onState(state) {
    if (state !== 'waiting' || this.#lostAt !== undefined) return
    this.#lostAt = performance.now()
    this.#missed = 0
    showState('status-state', 'Connection lost. Coming back…', 'lost')
  }

  #onSession({ recovered }) {
    if (this.#lostAt === undefined) return showState('status-state', 'Live', 'live')
    const seconds = ((performance.now() - this.#lostAt) / 1000).toFixed(1)
    this.#lostAt = undefined
    const isWhole = recovered && this.#missed === 0
    const outcome = isWhole
      ? `Resumed after ${seconds} s, nothing missed`
      : `Back after ${seconds} s, some news missed`
    showState('status-state', outcome, 'live')
  }

  #showServer({ memory_usage, cpu_load, server_start_time }) {
    this.#since = Date.parse(server_start_time)
    show('status-memory', `${Math.round(memory_usage / 2 ** 20)} MiB`)
    show('status-cpu', `${Math.round(cpu_load * 100)} %`)
    this.#tick()
  }

  #showCensus({ playing, players, rooms }) {
    show('status-playing', String(playing))
    show('status-players', String(players))
    show('status-rooms', String(rooms))
  }

  #addNews({ data, timestamp }) {
    const item = element('li', '')
    const time = element('time', new Date(timestamp).toLocaleTimeString([], { timeStyle: 'short' }))
    time.dateTime = timestamp
    item.append(time, data.text)
    const news = part('status-news')
    news.prepend(item)
    while (news.childElementCount > MAX_NEWS) news.lastElementChild.remove()
  }

  #tick() {
    if (this.#since !== undefined) show('status-uptime', spell((Date.now() - this.#since) / 1000))
  }
}

/** Seconds in the two largest units. */
function spell(seconds) {
  const whole = Math.max(0, Math.floor(seconds))
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}
