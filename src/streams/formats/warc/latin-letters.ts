// Made by scripts/make/latin-letters.ts: do not edit.
/** Of a thousand letters beyond ASCII of a language so many are this one. A language a row. */
export const LATIN_LETTERS: readonly { readonly charsets: string; readonly letters: string }[] = [
  {
    charsets: 'windows-1250 iso-8859-2',
    letters: 'í256 á141 ř102 ž92 é85 ě79 č73 ý57 š44 ů39 ú8 Č4 ť4 ň3 Á2 Í2 É1 Ú1 ó1 ď1 Ě1 Ř1 Š1 Ž1',
  },
  {
    charsets: 'windows-1250 iso-8859-2',
    letters: 'č368 š204 ž193 ć171 đ57 Š3 ô2 Č2',
  },
  {
    charsets: 'windows-1250 iso-8859-2',
    letters: 'á353 é241 ó100 í85 ő66 ö59 ü39 ű17 ú12 Á10 É6 Í3 Ö3 Ó2 Ő2',
  },
  {
    charsets: 'windows-1250 iso-8859-2',
    letters: 'ą179 ż145 ł142 ć139 ę132 ó120 ś113 ń15 ź10 Ó1 Ą1 Ł1 Ś1 Ż1',
  },
  {
    charsets: 'windows-1250 iso-8859-2',
    letters: 'ă421 ţ200 ş159 î133 â40 Î14 Ş9 Ţ8 Ă6 Â5 ü2 é1',
  },
  {
    charsets: 'windows-1252',
    letters: 'ó290 é201 à180 ò77 è71 í65 ú45 ç31 ï19 ü16 É5',
  },
  {
    charsets: 'windows-1252',
    letters: 'æ379 å373 ø198 Å19 Æ17 é12 Ø1',
  },
  {
    charsets: 'windows-1252',
    letters: 'ü351 ä333 ö188 ß58 Ü41 Ö13 Ä10 è1 é1 ó1 ô1',
  },
  {
    charsets: 'windows-1252',
    letters: 'ó332 á219 í138 é91 ú66 ñ54 Í33 Ú30 Ó20 É10 Ñ2 Á1 Đ1',
  },
  {
    charsets: 'windows-1252',
    letters: 'ä840 ö104 Ä44 Ö12',
  },
  {
    charsets: 'windows-1252',
    letters: 'é659 è108 à102 ê63 ô22 ç16 â7 É6 î5 ù4 À3 û3 Ê1 œ1',
  },
  {
    charsets: 'windows-1252',
    letters: 'è501 à208 ò113 ù85 È36 é34 ì15 Ä2 ß2 á2 â2 ä2',
  },
  {
    charsets: 'windows-1252',
    letters: 'ã263 ç191 á141 ê101 é79 õ69 í59 ó45 ú25 à12 â4 É3 Ã2 Ç2 ô2 Á1 Í1',
  },
  {
    charsets: 'windows-1252',
    letters: 'ä441 ö293 å232 Ä17 Ö11 Å5 é1',
  },
  {
    charsets: 'windows-1254',
    letters: 'ı435 ü155 ş115 ç98 ğ88 ö60 İ27 Ç10 Ö5 Ş4 Ü3',
  },
  {
    charsets: 'windows-1257',
    letters: 'ä364 ü322 õ255 ö51 Ä3 Õ3 Ü2',
  },
  {
    charsets: 'windows-1257',
    letters: 'ā310 ē192 ī167 ņ95 š93 ū70 ļ37 ž12 ķ9 ģ6 Š3 č2 Ā1 Ļ1',
  },
];
