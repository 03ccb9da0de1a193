/**
 * EXTERNAL_WATCH_GLOBS: which files are told of.
 * @module
 */

export type Filter = (path: string) => boolean

/** Without a pattern that lets in, all are let in that none leaves out. */
export function globFilter(globs: readonly string[]): Filter {
  const letIn = globs.filter(glob => !glob.startsWith('!')).map(matcher)
  const leaveOut = globs.filter(glob => glob.startsWith('!')).map(glob => matcher(glob.slice(1)))
  return path =>
    (letIn.length === 0 || letIn.some(matches => matches(path))) && !leaveOut.some(matches => matches(path))
}

function matcher(glob: string): Filter {
  const pattern = new RegExp(`^${glob.replace(TOKEN, translate)}$`, 's')
  if (glob.includes('/')) return path => pattern.test(path)
  return path => pattern.test(path.slice(path.lastIndexOf('/') + 1))
}

/** `**` with its slash, the other wildcards, a set, alternatives, and whatever means something to a RegExp. */
const TOKEN = /\*\*\/|\*\*|\*|\?|\[!?[^\]/]+\]|\{[^{}]*\}|[\\^$.|+()[\]{}]/g

function translate(token: string): string {
  switch (token) {
    case '**/':
      return '(?:.*/)?'
    case '**':
      return '.*'
    case '*':
      return '[^/]*'
    case '?':
      return '[^/]'
  }
  if (token.length > 1 && token.startsWith('[')) return token.replace('[!', '[^').replaceAll('\\', '\\\\')
  if (token.length > 1 && token.startsWith('{'))
    return `(?:${token
      .slice(1, -1)
      .split(',')
      .map(each => each.replace(TOKEN, translate))
      .join('|')})`
  return `\\${token}`
}
