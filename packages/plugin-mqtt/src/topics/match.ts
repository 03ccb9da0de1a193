/**
 * Which topics a filter means (MQTT 5.0 section 4.7).
 * @module
 */

/** The part of a shared subscription's filter that topics are matched with (section 4.8.2). */
export function ownFilter(filter: string): string {
  if (!filter.startsWith('$share/')) return filter
  const name = filter.indexOf('/', '$share/'.length)
  return name < 0 ? filter : filter.slice(name + 1)
}

/** Topics that begin with $ are only meant by filters that do (section 4.7.2). */
function hides(filter: string, topic: string): boolean {
  return topic.startsWith('$') && !filter.startsWith('$')
}

export function matches(filter: string, topic: string): boolean {
  if (hides(filter, topic)) return false
  const wanted = filter.split('/')
  const levels = topic.split('/')
  for (const [i, level] of wanted.entries()) {
    if (level === '#') return true
    if (i >= levels.length || (level !== '+' && level !== levels[i])) return false
  }
  return wanted.length === levels.length
}

/** Whether every topic that `asked` means is one that `filter` means. */
export function covers(filter: string, asked: string): boolean {
  if (hides(filter, asked)) return false
  const wanted = filter.split('/')
  const levels = asked.split('/')
  for (const [i, level] of wanted.entries()) {
    if (level === '#') return true
    const other = levels[i]
    if (other === undefined || other === '#' || (level !== '+' && level !== other)) return false
  }
  return wanted.length === levels.length
}
