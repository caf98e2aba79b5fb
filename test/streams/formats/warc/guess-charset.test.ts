import { expect, it } from 'vitest';
import { guessCharset } from '../../../../src/streams/formats/warc/guess-charset.ts';

/** Sentences of our own, with the charsets that pages of their language were in. */
const PAGES: readonly (readonly [charsets: string, text: string])[] = [
  [
    'windows-1250 iso-8859-2',
    'Młynarz otworzył śluzę i woda popłynęła starym kanałem do ' +
      'koła. Później przyszły dzieci, żeby zobaczyć, jak się ' +
      'kręci, choć już zaczął padać zimny deszcz i wiał mocny wiatr. Jeszcze raz sięgnął po książkę, której nie ' +
      'zdążył skończyć, i usiadł przy oknie.',
  ],
  [
    'windows-1250 iso-8859-2',
    'Piekarz wstał, gdy było jeszcze ciemno. Wziął mąkę, wodę i sól, a dzieci ' +
      'patrzyły, jak ciasto rośnie. Przed świtem całą ulicę wypełnił zapach, więc ' +
      'sąsiadki stanęły pod oknem i czekały.',
  ],
  [
    'windows-1250 iso-8859-2',
    'Mlynář otevřel stavidlo a voda tekla starým korytem ke ' +
      'kolu. Později přišly děti, aby viděly, jak se točí, ačkoli ' +
      'už začínalo pršet a foukal silný vítr. Ještě jednou vzal knížku, kterou nestihl dočíst, a sedl si k oknu.',
  ],
  [
    'windows-1250 iso-8859-2',
    'A molnár kinyitotta a zsilipet, és a víz a régi csatornán a ' +
      'kerékhez folyt. Később eljöttek a gyerekek, hogy lássák, ' +
      'hogyan forog, bár már esett az eső, és erős szél fújt. Még egyszer elővette a könyvet, amelyet nem tudott ' +
      'befejezni, és leült az ablakhoz. Őt senki sem várta, hűvös este volt.',
  ],
  [
    'windows-1253 iso-8859-7',
    'Ο μυλωνάς άνοιξε το φράγμα και το νερό κύλησε από το παλιό ' +
      'αυλάκι ως τον τροχό. Αργότερα ήρθαν τα παιδιά για να δουν ' +
      'πώς γυρίζει, αν και είχε αρχίσει η βροχή.',
  ],
  [
    'windows-1254',
    'Değirmenci kapağı açtı ve su eski kanaldan çarka doğru ' +
      'aktı. Sonra çocuklar nasıl döndüğünü görmeye geldiler, oysa ' +
      'yağmur başlamıştı ve güçlü bir rüzgâr esiyordu. Bir türlü bitiremediği kitabı yeniden aldı, pencerenin yanına ' +
      'oturdu. İstanbul’dan gelen mektup hâlâ açılmamıştı.',
  ],
  [
    'windows-1250 iso-8859-2',
    'Morarul a deschis stăvilarul şi apa a curs pe vechiul canal ' +
      'până la roată. Mai târziu au venit copiii să vadă cum se ' +
      'învârteşte, deşi începuse să plouă şi bătea un vânt puternic. A luat încă o dată cartea pe care nu apucase să ' +
      'o termine şi s-a aşezat lângă fereastră.',
  ],
  [
    'windows-1252',
    'Le meunier ouvrit la vanne et l’eau coula par le vieux ' +
      'canal jusqu’à la roue. Les élèves arrivèrent plus tard, après ' +
      'la fête, bien que la pluie eût déjà commencé et que le vent fût très fort.',
  ],
  [
    'windows-1252',
    'Der Müller öffnete das Wehr, und das Wasser floss durch den ' +
      'alten Kanal zum Mühlrad. Später kamen die Schüler, obwohl ' +
      'es schon regnete; für sie war es das Größte, und natürlich blieben sie länger.',
  ],
  [
    'windows-1252',
    'Mjölnaren öppnade dammluckan och vattnet rann genom den ' +
      'gamla rännan till hjulet. Senare kom även barnen för att se ' +
      'hur det går runt, fast det redan hade börjat regna på ängen.',
  ],
  [
    'windows-1252',
    'O moleiro abriu a comporta e a água correu pelo antigo ' +
      'canal até à roda. Mais tarde vieram as crianças, porque não ' +
      'queriam perder a ocasião, ainda que já começasse a chuva e a previsão não fosse boa.',
  ],
];

/** Bytes of a text in a charset of one byte a character. */
function encoded(text: string, charset: string): Uint8Array {
  const decoder = new TextDecoder(charset);
  const table = new Map(Array.from({ length: 256 }, (_, b) => [decoder.decode(Uint8Array.of(b)), b]));
  return Uint8Array.from(text, (c) => table.get(c) ?? 0x20);
}

it.each(PAGES.flatMap(([charsets, text]) => charsets.split(' ').map((charset) => ({ charset, text }))))(
  'reads $charset that nothing tells of: $text',
  ({ charset, text }) => {
    const bytes = encoded(text, charset);
    const guessed = guessCharset(bytes, {});
    expect(new TextDecoder(guessed ?? 'utf-8').decode(bytes)).toBe(new TextDecoder(charset).decode(bytes));
  },
);
