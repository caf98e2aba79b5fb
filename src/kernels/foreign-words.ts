/**
 * Common function words of languages other than English that are written with Latin letters: 2 to 8 bytes each, lower
 * case, none of them an English word that is common too. With the English ones they tell whether English rules apply.
 */
export const FOREIGN_WORDS: readonly string[] =
  // German, Dutch, Swedish, Danish, Norwegian
  (
    'der das und ist nicht den dem ein eine einen einem einer sich auch auf mit von zu zum zur wird für sind wie aus ' +
    'bei nach werden oder dass wenn sie ich es im über haben kann ' +
    'het een van en dat niet op te zijn voor aan met ook wordt naar deze door maar bij uit kan worden ' +
    'och att det som en på är av för med till den har inte om ett från eller kan vid ska ' +
    'og ikke til af på er jeg som fra eller skal ved være blir også hvis ' +
    // Spanish, Portuguese, Galician, Catalan, French, Italian, Romanian
    'el los las una que por para con del se su sus al es como más pero son este esta está ' +
    'um uma não os dos das com seu sua pelo pela mais são ou ao você unha non nas nos polo ' +
    'les els amb per dels una és aquest aquesta seva ' +
    'le la les des est une dans pour qui sur pas par ce il ne plus vous cette avec sont aux être ou nous leur ' +
    'di il che della per gli un non sono nel alla dei delle anche più questo questa ' +
    'și în nu este cu pe din sau sunt care mai fi lui pentru ' +
    // Polish, Czech, Slovak, Croatian, Serbian
    'nie się jest że na do dla lub są jak może przez oraz tego ' +
    'je se že pro jako není které nebo být jsou však ako sú alebo pre ktoré ' +
    'za koji ili su od kao može nije biti što iz ' +
    // Hungarian, Finnish, Estonian, Latvian, Lithuanian
    'az egy és hogy nem van vagy meg ezt csak ' +
    'ja ei tai että ovat jos kun se ole voi mutta myös ' +
    'on või kui mis see ei oma seda ka et ' +
    'un ar ir no lai var kas vai uz ' +
    // Turkish, Indonesian, Malay, Vietnamese, Swahili, Basque, Albanian
    've bir bu için ile olarak daha gibi değil olan ' +
    'yang dan di untuk dengan ini dari itu pada tidak atau adalah akan dalam anda ' +
    'và của các là cho không được một những trong có người ' +
    'ya na wa kwa ni katika cha za la ' +
    'eta da dira bat edo ez du dute baina ' +
    'të në për dhe me një që nga ka'
  )
    .split(' ')
    .filter((word, i, all) => all.indexOf(word) === i);
