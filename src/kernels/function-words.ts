/**
 * Common English function words (articles, pronouns, prepositions, conjunctions, auxiliaries): 1 to 8 ASCII letters
 * each, because the kernel compares them as one 64-bit load. Read by the kernel's table and by its plain reference.
 */
export const FUNCTION_WORDS: readonly string[] = (
  'a about above after again against all also although always am among an and another any are around as at ' +
  'be because been before being below between both but by can cannot could did do does doing down during each ' +
  'either else ever every few for from had has have having he her here hers herself him himself his how however ' +
  'i if in into is it its itself just may me might more most must my myself neither never no nor not of off often ' +
  'on once only or other our ours out over own per perhaps quite rather same shall she should since so some such ' +
  'than that the their theirs them then there these they this those though through thus to too under until up upon ' +
  'us very was we were what when where which while who whom whose why will with within without would yet you your ' +
  'yours yourself'
).split(' ');

/** The eight words of the Gopher stop-word rule; all are function words too. */
export const STOP_WORDS: readonly string[] = ['the', 'be', 'to', 'of', 'and', 'that', 'have', 'with'];
