// SPDX-License-Identifier: Apache-2.0
// English rules: written from the published constructs (ideation, plan, means, time, place,
// goodbye, burden, self-harm, abuse, violence, distress) with spelling as people type.
#include "triage_rules.h"

#define SUICIDE TRIAGE_SUICIDE
#define HARM    TRIAGE_SELF_HARM
#define ABUSE   TRIAGE_ABUSE
#define VIOLENT TRIAGE_VIOLENCE
#define OTHER   TRIAGE_THIRD_PARTY
#define DRUGS   TRIAGE_SUBSTANCE
#define PANIC   TRIAGE_PANIC
#define CHILD   TRIAGE_CHILD

static const struct triage_rule rules[] = {
        // an act under way, or about to be
        {"en.act.took_pills", TRIAGE_RISK, LEVEL_IMMINENT, SUICIDE | DRUGS,
                "took|taken|swallowed|swallow|downed|ate ~5 "
                "pills|pils|tablets|tylenol|ibuprofen|advil|paracetamol|xanax|bleach|"
                "antifreeze"},
        {"en.act.took_many", TRIAGE_RISK, LEVEL_IMMINENT, SUICIDE | DRUGS,
                "took|taken|swallowed|downed ~2 all|whole|too|bunch|lot|handful|many|bottle ~4 "
                "meds|medicine|medication|them"},
        {"en.act.ready", TRIAGE_RISK, LEVEL_IMMINENT, SUICIDE,
                "pills|pils|tablets|knife|gun|rope|razor|blade|noose ~3 "
                "front|hand|hands|ready|lined|lap"},
        {"en.act.overdosed", TRIAGE_RISK, LEVEL_IMMINENT, SUICIDE | DRUGS,
                "overdosed|overdosing|oded|oding"},
        {"en.act.bleeding", TRIAGE_RISK, LEVEL_IMMINENT, HARM,
                "wont|cant|not|keeps ~2 stop|stoping|stops ~1 bleeding"},
        {"en.act.keeps_bleeding", TRIAGE_RISK, LEVEL_IMMINENT, HARM,
                "keeps|bleeding ~1 bleeding|badly|everywhere"},
        {"en.act.noose", TRIAGE_RISK, LEVEL_IMMINENT, SUICIDE, "noose|nose|rope|belt ~3 neck"},
        {"en.act.noose_ready", TRIAGE_RISK, LEVEL_IMMINENT, SUICIDE,
                "tied|made|have|got ~2 noose|rope"},
        {"en.act.going_to_now", TRIAGE_RISK, LEVEL_IMMINENT, SUICIDE,
                "going|gonna|gona|about|want|wanna|ready ~2 kill|end|hang|shoot|drown|jump|unalive "
                "~4 tonight|tonite|2nite|now|today"},
        {"en.act.tonight_is", TRIAGE_RISK, LEVEL_IMMINENT, SUICIDE,
                "tonight|tonite|today|this ~2 is|its ~2 the|my ~1 night|last|end"},
        {"en.act.doing_it", TRIAGE_RISK, LEVEL_IMMINENT, SUICIDE,
                "im|am ~1 doing it tonight|now|today"},
        {"en.act.gun_head", TRIAGE_RISK, LEVEL_IMMINENT, SUICIDE,
                "gun|pistol|rifle|<gun> ~4 head|mouth|hand|lap"},
        {"en.act.on_edge", TRIAGE_RISK, LEVEL_IMMINENT, SUICIDE,
                "on|at|standing|sitting|im ~3 bridge|ledge|rooftop|tracks|overpass ~4 "
                "jump|alone|end|train|goodbye"},
        {"en.act.standing", TRIAGE_RISK, LEVEL_IMMINENT, SUICIDE,
                "standing|sitting|climbed|hanging ~3 "
                "bridge|ledge|tracks|overpass|edge|cliff|railing"},
        {"en.act.wont_wake", TRIAGE_RISK, LEVEL_IMMINENT, SUICIDE,
                "wont|not ~2 be|wake|here|alive ~2 tomorow|tomorrow|morning"},
        {"en.act.goodbye_note", TRIAGE_RISK, LEVEL_IMMINENT, SUICIDE,
                "wrote|written|writing|left|leaving ~3 goodbye|suicide|last ~1 "
                "note|notes|letter|letters"},
        {"en.act.cutting_now", TRIAGE_RISK, LEVEL_IMMINENT, HARM,
                "cut|cuting|cutting|slit|slited|sliced ~2 too|to|deep|wrists|throat ~2 "
                "deep|bad|badly|now"},
        {"en.act.slit", TRIAGE_RISK, LEVEL_IMMINENT, HARM,
                "slit|sliced|slashed ~2 wrist|wrists|throat|veins"},
        {"en.act.blood", TRIAGE_RISK, LEVEL_IMMINENT, HARM, "blood ~2 everywhere"},
        {"en.act.edge", TRIAGE_RISK, LEVEL_IMMINENT, SUICIDE,
                "edge|side|railing|top ~2 bridge|roof|building|cliff|platform|overpass"},
        {"en.abuse.now", TRIAGE_RISK, LEVEL_IMMINENT, ABUSE,
                "he|she|hes|shes|dad|mom|stepdad|boyfriend|husband|they ~3 "
                "outside|breaking|coming|back|here ~4 door|kill|hurt|hit|knife|gun"},
        {"en.abuse.hiding", TRIAGE_RISK, LEVEL_IMMINENT, ABUSE,
                "hiding|hid|locked ~4 bathroom|closet|room|car|him|her|from"},
        {"en.abuse.will_kill_me", TRIAGE_RISK, LEVEL_IMMINENT, ABUSE,
                "going|gonna|gona|will|hel|shel|trying|tried|threatened|threatening|threatens|"
                "wants ~2 "
                "kill|hurt|choke|strangle|shoot me|us"},
        {"en.violence.now", TRIAGE_RISK, LEVEL_IMMINENT, VIOLENT,
                "going|gonna|gona|about|ready ~2 shoot|stab|kill|attack ~2 "
                "him|her|them|everyone|people|school|someone"},

        // ideation, intent, plan without a time
        {"en.suicide.word", TRIAGE_RISK, LEVEL_HIGH, SUICIDE, "suicid*"},
        {"en.suicide.misspelt", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "sucide|sucidal|suiside|suisidal|sewerslide|sucidle|suacide|unalive*"},
        {"en.suicide.kill_myself", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "kill|kil|killed|killing|kiling|end|ending|hang|hanging|shoot|drown|off|offing|"
                "poison|"
                "hurt|harm ~1 myself|meself|myslef|mself|mysef"},
        {"en.suicide.kms", TRIAGE_RISK, LEVEL_HIGH, SUICIDE, "kms|kys"},
        {"en.suicide.want_die", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "want|wanna|wanted|wanting|wish|wishing|need|rather|prefer|ready|going|gonna|hope|"
                "try|trying ~4 die|dead|dye|dieing|dying"},
        {"en.suicide.should_die", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "should|could|deserve|just|let|better ~3 die|dead"},
        {"en.suicide.end_it", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "end|ending|finish|stop ~1 it|everything|my|this ~2 all|life|forever|pain"},
        {"en.suicide.end_my_life", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "end|ending|take|taking ~1 my ~1 life"},
        {"en.suicide.take_own", TRIAGE_RISK, LEVEL_HIGH, SUICIDE, "take|taking|took my own life"},
        {"en.suicide.not_live", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE,
                "dont|not|cant|donot|never|no ~4 live|living|alive|exist|be|go ~1 "
                "anymore|any|longer|here|on|alive"},
        {"en.suicide.not_want_live", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE,
                "dont|not|never|no ~2 want|wana|wanna|wish ~2 live|exist|wake|alive"},
        {"en.suicide.cant_anymore", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE,
                "cant|cannot|cnt ~4 anymore|anymor|longer"},
        {"en.suicide.cant_any_more", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE,
                "cant|cannot|cnt ~4 any more"},
        {"en.suicide.cant_go_on", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE,
                "cant|cannot|dont ~3 go|keep|take ~1 on|going|it"},
        {"en.suicide.not_wake", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE,
                "wont|never|not|dont ~2 wake|waking up"},
        {"en.suicide.never_more", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE,
                "never ~2 want|wanted|felt ~2 die|dying|suicidal ~1 more|this|so"},
        {"en.suicide.not_safe", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE,
                "keep|be|stay|feel|im|trust ~2 safe ~2 from|with|around ~1 myself|me"},
        {"en.suicide.keep_safe", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE,
                "if|cant|cannot|idk|dont|not|trust ~4 keep ~1 myself ~1 safe|alive"},
        {"en.suicide.like_dying", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "feel|feels|feeling|felt ~1 like|as|if ~3 dying|die"},
        {"en.suicide.run_together", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE,
                "iwanttodie|wanttodie|iwannadie|wannadie|killmyself|ikillmyself|killingmyself|"
                "endmylife|iwantodie"},
        {"en.suicide.no_reason", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE,
                "no|nothing|any ~2 reason|point|left ~2 live|living|for|alive|life"},
        {"en.suicide.better_off", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE,
                "better|happier|beter ~2 without|of|off ~1 me|without|dead"},
        {"en.suicide.disappear", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "want|wanna|wish ~3 disappear|vanish|sleep|gone ~1 forever|away|completely"},
        {"en.suicide.never_born", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE,
                "wish|never|werent|wasnt ~3 born"},
        {"en.suicide.burden", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE,
                "burden|nobody|noone|everyone ~4 everyone|family|them|miss|care|hates ~2 "
                "me|gone|dead"},
        {"en.suicide.jump", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "jump|jumping ~3 bridge|building|roof|window|train|cliff|off|front"},
        {"en.suicide.od", TRIAGE_RISK, LEVEL_HIGH, SUICIDE | DRUGS, "overdose|overdoses"},
        {"en.suicide.od_on", TRIAGE_RISK, LEVEL_HIGH, SUICIDE | DRUGS, "od ~1 on|tonight|again"},
        {"en.suicide.all_pills", TRIAGE_RISK, LEVEL_HIGH, SUICIDE | DRUGS,
                "take|taking|swallow ~3 pills|pils|meds|tablets|bottle"},
        {"en.suicide.plan", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE,
                "have|got|made|know|my ~3 plan|method|how ~3 die|it|kill|end"},
        {"en.suicide.attempt", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "attempted|attempt|tried ~4 die|kill|again|life|overdose"},
        {"en.suicide.goodbye", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE,
                "goodbye|goodby|farewell ~1 world|everyone|all|cruel"},
        {"en.suicide.want_it_over", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "want|need ~3 it|pain|everything|life ~2 stop|over|end|gone"},
        {"en.suicide.done", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE, "done ~2 life|living|world"},
        {"en.suicide.cant_live", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE,
                "cant|cannot|cnt ~1 live ~1 like|with|this|without"},
        {"en.suicide.gonna_jump", TRIAGE_RISK, LEVEL_HIGH, SUICIDE, "going|gonna|gona ~2 jump"},
        {"en.suicide.not_here", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE,
                "dont|not ~2 want|wana|wanna ~3 here"},
        {"en.suicide.thoughts", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "think|thinking|thoughts|thought|dream|fantasize ~2 "
                "death|dying|dead|die|suicide|killing|ending|harming"},
        {"en.suicide.what_point", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE,
                "whats|what ~3 point ~2 living|life|live|anymore|alive"},
        {"en.suicide.give_up_life", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "give|giving|gave|given up ~1 on ~1 life|everything|myself|living"},
        {"en.method.way", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE,
                "painless|quick|quickest|easy|easiest|best ~2 way|ways ~3 die|kill|end|suicide"},
        {"en.method.how_many", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE | DRUGS,
                "how ~3 many|much ~5 die|kill|overdose|lethal|fatal"},
        {"en.method.how_to", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE,
                "how to|do|can|would ~3 noose|hang|die|overdose"},
        {"en.method.dose", TRIAGE_FIRM, LEVEL_HIGH, SUICIDE | DRUGS, "lethal|fatal ~1 dose|amount"},
        {"en.harm.cut", TRIAGE_RISK, LEVEL_HIGH, HARM,
                "cut|cuting|cutting|burn|burning|hurt|hurting|hit|hiting|scratching ~1 "
                "myself|wrists|wrist|arms|thighs"},
        {"en.harm.self", TRIAGE_RISK, LEVEL_HIGH, HARM, "selfharm*|selfinjur*"},
        {"en.harm.self_two", TRIAGE_RISK, LEVEL_HIGH, HARM, "self harm*|injur*|hate"},
        {"en.harm.relapse", TRIAGE_RISK, LEVEL_HIGH, HARM,
                "relapse*|urges|urge ~3 cut|cutting|cuting|sh|harm|blade|again"},
        {"en.harm.blade", TRIAGE_RISK, LEVEL_HIGH, HARM, "razor|razors|blade|blades"},

        // abuse, violence, third parties
        {"en.abuse.raped", TRIAGE_RISK, LEVEL_HIGH, ABUSE,
                "rape|raped|rapes|raping|molest*|assault*|groomed"},
        {"en.abuse.touches", TRIAGE_RISK, LEVEL_HIGH, ABUSE | CHILD,
                "touches|touched|touching ~2 me"},
        {"en.abuse.hits", TRIAGE_RISK, LEVEL_HIGH, ABUSE,
                "hits|beats|beat|hit|hurts|chokes|choked|kicks|punched|punches|slaps|abuses|abused|"
                "abusing me|us"},
        {"en.abuse.hitting", TRIAGE_RISK, LEVEL_HIGH, ABUSE,
                "hitting|hiting|beating|choking|hurting|attacking|strangling|kicking ~2 "
                "me|us|her|him|mom|mum|mother|sister|brother|kid|kids|child|baby"},
        {"en.abuse.beaten", TRIAGE_RISK, LEVEL_HIGH, ABUSE,
                "being|getting|got|been|was ~1 beaten|choked|strangled|stalked|molested"},
        {"en.abuse.kept", TRIAGE_FIRM, LEVEL_HIGH, ABUSE,
                "wont|not|never|doesnt ~1 let me ~1 leave"},
        {"en.abuse.word", TRIAGE_RISK, LEVEL_HIGH, ABUSE, "abuse|abusive|abused|abuser"},
        {"en.abuse.afraid_home", TRIAGE_FIRM, LEVEL_HIGH, ABUSE,
                "afraid|scared|unsafe ~3 home|him|her|dad|husband|boyfriend|stepdad"},
        {"en.abuse.not_safe", TRIAGE_FIRM, LEVEL_HIGH, ABUSE,
                "not|isnt|dont|never ~2 safe ~2 home|here|with|him|her"},
        {"en.abuse.traffick", TRIAGE_RISK, LEVEL_HIGH, ABUSE, "traffick*|forced ~3 sex|prostitut*"},
        {"en.violence.want", TRIAGE_RISK, LEVEL_HIGH, VIOLENT,
                "want|wanna|going|gonna|plan|planning ~3 kill|hurt|stab|shoot ~1 "
                "him|her|them|someone|everyone|people|my"},
        {"en.violence.child", TRIAGE_RISK, LEVEL_HIGH, VIOLENT | CHILD,
                "harm|harming|hurt|hurting|shake|shaking|kill|killing|smother ~1 my|the ~1 "
                "baby|kid|kids|child|children|daughter|son"},
        {"en.violence.school", TRIAGE_RISK, LEVEL_HIGH, VIOLENT, "shoot ~2 up|school|everyone"},
        {"en.third.wants_die", TRIAGE_RISK, LEVEL_HIGH, SUICIDE | OTHER,
                "friend|sister|brother|mom|dad|daughter|son|she|he|they|girlfriend|boyfriend|"
                "cousin ~5 wants|said|says|going|tried|threatening ~4 die|kill|suicide|end|dead"},
        {"en.third.goodbye", TRIAGE_RISK, LEVEL_HIGH, SUICIDE | OTHER,
                "texted|sent|messaged|posted|wrote ~3 goodbye|goodby"},
        {"en.third.himself", TRIAGE_RISK, LEVEL_HIGH, SUICIDE | OTHER,
                "kill|hurt|harm|cutting|cuting|hang|shoot ~1 himself|herself|themself|themselves"},
        {"en.substance.withdrawal", TRIAGE_RISK, LEVEL_HIGH, DRUGS,
                "withdrawal|withdrawals|fentanyl|heroin|naloxone|narcan"},
        {"en.eating.dying", TRIAGE_FIRM, LEVEL_HIGH, HARM,
                "havent|not ~2 eaten|eating ~2 days|week|weeks"},
        {"en.hearing_voices", TRIAGE_RISK, LEVEL_HIGH, 0,
                "voices|voice ~3 telling|tell|say|saying"},
        {"en.hears_voices", TRIAGE_RISK, LEVEL_HIGH, 0, "hear|hearing ~1 voices"},

        // distress
        {"en.distress.alone", TRIAGE_RISK, LEVEL_MEDIUM, 0, "alone|lonely|lonly|isolated"},
        {"en.distress.sad", TRIAGE_RISK, LEVEL_MEDIUM, 0,
                "sad|depressed|depresed|depression|crying|hopeless|worthless|numb|empty|miserable|"
                "broken"},
        {"en.distress.cry", TRIAGE_RISK, LEVEL_MEDIUM, 0, "<cry>"},
        {"en.distress.panic", TRIAGE_RISK, LEVEL_MEDIUM, PANIC,
                "panic|panicking|panicing|anxiety|anxious|anxios|shaking|breathe"},
        {"en.distress.stress", TRIAGE_RISK, LEVEL_MEDIUM, 0,
                "stressed|stress|overwhelmed|scared|afraid|worried|nightmares|insomnia"},
        {"en.distress.loss", TRIAGE_RISK, LEVEL_MEDIUM, 0,
                "died|funeral|grief|grieving|divorce|miscarriage|fired|evicted|homeless"},
        {"en.distress.break", TRIAGE_RISK, LEVEL_MEDIUM, 0, "broke up|dumped"},
        {"en.distress.bullied", TRIAGE_RISK, LEVEL_MEDIUM, 0, "bullied|bully|bullying|bulied"},
        {"en.distress.fight", TRIAGE_RISK, LEVEL_MEDIUM, 0,
                "fight|fighting|argument|argue ~3 "
                "mom|dad|parents|boyfriend|girlfriend|wife|husband"},
        {"en.distress.unloved", TRIAGE_RISK, LEVEL_MEDIUM, 0,
                "no|nobody|noone|everyone ~2 loves|likes|cares|hates|understands ~1 me|about"},
        {"en.distress.relapsed", TRIAGE_RISK, LEVEL_MEDIUM, DRUGS, "relapse|relapsed|relapsing"},
        {"en.distress.hate_self", TRIAGE_RISK, LEVEL_MEDIUM, 0,
                "hate|hating ~1 myself|life|everything"},
        {"en.distress.drinking", TRIAGE_RISK, LEVEL_MEDIUM, DRUGS,
                "drinking|drunk|sober ~3 again|much|stop|alone"},

        // what makes a risk a matter of minutes
        {"en.now.tonight", TRIAGE_NOW, 0, 0, "tonight|tonite|2nite|2night"},
        {"en.now.right_now", TRIAGE_NOW, 0, 0, "right now"},
        {"en.now.about_to", TRIAGE_NOW, 0, 0, "about|going to do it"},
        {"en.now.when_alone", TRIAGE_NOW, 0, 0,
                "when|once|after|until ~4 leaves|leave|asleep|sleeps|sleeping"},
        {"en.now.goodbye", TRIAGE_NOW, 0, 0, "goodbye|goodby|farewell"},
        {"en.now.last", TRIAGE_NOW, 0, 0, "last|final ~1 message|text|time|words|day|night"},
        {"en.now.minutes", TRIAGE_NOW, 0, 0, "in|few ~2 minutes|mins|hour|hours"},
        {"en.now.just", TRIAGE_NOW, 0, 0, "just|already took|taken|did|cut|swallowed"},
        {"en.now.sorry_everyone", TRIAGE_NOW, 0, 0, "tell ~3 love them|her|him"},
        {"en.means.pills_in_hand", TRIAGE_MEANS, 0, 0,
                "have|got|holding|bottle|hand|of ~4 "
                "pills|pils|tablets|tylenol|meds|knife|gun|rope|razor|blade|bleach"},
        {"en.means.emoji", TRIAGE_MEANS, 0, 0, "<pill>|<gun>|<knife>|<coffin>|<blood>"},
        {"en.means.quantity", TRIAGE_MEANS, 0, 0,
                "whole|entire|full|all ~2 bottle|box|pack ~2 pills|pils|meds|tylenol|advil"},
        {"en.means.mg", TRIAGE_MEANS, 0, 0, "mg ~2 of|pills"},
        {"en.means.place", TRIAGE_MEANS, 0, 0,
                "on|at|near|by ~1 bridge|roof|rooftop|ledge|tracks|cliff|overpass"},
        {"en.means.loaded", TRIAGE_MEANS, 0, 0, "loaded ~2 gun|pistol|rifle"},

        // what tempers, and what only sounds like it
        {"en.negation", TRIAGE_NEGATION, 0, 0,
                "not|dont|never|isnt|arent|wont|didnt|wouldnt|havent|aint"},
        // "i dont know if", "how to not": these deny nothing
        {"en.negation.know", TRIAGE_FIGURATIVE, 0, 0,
                "not|dont|didnt|never|havent ~1 know|sure|care|trust|believe|understand|mind|only|"
                "just|stopped|stop|slept|sleep|eaten|told"},
        {"en.negation.how_not", TRIAGE_FIGURATIVE, 0, 0, "how|to|why|reason ~1 not"},
        {"en.past.used_to", TRIAGE_PAST, 0, 0, "used to"},
        {"en.past.when_i_was", TRIAGE_PAST, 0, 0, "when|since i was"},
        {"en.ago.when_i_was", TRIAGE_AGO, 0, 0, "when i was"},
        {"en.ago", TRIAGE_AGO, 0, 0, "years|year|yrs|months|decades|long|while ~1 ago"},
        {"en.ago.last", TRIAGE_AGO, 0, 0, "last year|summer|winter|spring|fall|month"},
        {"en.ago.once", TRIAGE_AGO, 0, 0, "in the past"},
        {"en.figurative.dying_of", TRIAGE_FIGURATIVE, 0, 0,
                "dying|die|died|dead ~1 of|from|laughing|to ~1 "
                "laughter|laughing|boredom|embarrassment|hunger|see|know|meet"},
        {"en.figurative.laughing", TRIAGE_FIGURATIVE, 0, 0, "dying|dead|died|die laughing"},
        {"en.figurative.killing_me", TRIAGE_FIGURATIVE, 0, 0,
                "feet|back|head|legs|shoes|suspense|heat|traffic ~2 killing|kiling me"},
        {"en.figurative.killing_it", TRIAGE_FIGURATIVE, 0, 0, "killed|killing|killin it"},
        {"en.figurative.to_die_for", TRIAGE_FIGURATIVE, 0, 0, "to die for"},
        {"en.figurative.dead_tired", TRIAGE_FIGURATIVE, 0, 0,
                "dead tired|serious|battery|end|line|beat|wrong|right|sure"},
        {"en.figurative.phone_dying", TRIAGE_FIGURATIVE, 0, 0,
                "phone|phones|battery|fone|laptop ~1 is|about|almost|just|will|keeps|to ~2 "
                "die|dead|dying|died"},
        {"en.figurative.phone_died", TRIAGE_FIGURATIVE, 0, 0,
                "phone|phones|battery|fone|laptop died|dies|dead|dying"},
        {"en.figurative.will_kill_me", TRIAGE_FIGURATIVE, 0, 0,
                "mom|mum|dad|wife|boss|teacher|coach ~3 kill me ~4 "
                "late|grades|homework|messy|forgot|forget|dishes|phone"},
        {"en.figurative.cant_wait", TRIAGE_FIGURATIVE, 0, 0, "cant|cannot wait ~4 anymore|longer"},
        {"en.figurative.deadline", TRIAGE_FIGURATIVE, 0, 0,
                "movie|film|game|novel|episode|show ~4 suicide|dies|killed|kills"},

        // nothing of concern by itself
        {"en.calm.test", TRIAGE_CALM, 0, 0, "test|testing"},
        {"en.calm.thanks", TRIAGE_CALM, 0, 0, "thanks|thank|thx|thanx|ty|cheers"},
        {"en.calm.hours", TRIAGE_CALM, 0, 0, "what|when|which ~5 open|hours|close|closed"},
        {"en.calm.open", TRIAGE_CALM, 0, 0, "are|is ~2 you|u|this|it|line|service ~2 open|free"},
        {"en.calm.volunteer", TRIAGE_CALM, 0, 0,
                "how|where|can|want|like ~5 volunteer|volunteering|donate"},
        {"en.calm.wrong", TRIAGE_CALM, 0, 0, "wrong number"},
        {"en.calm.privacy", TRIAGE_CALM, 0, 0,
                "is|are ~2 this|it|you|texts|messages ~2 anonymous|confidential|private"},
        {"en.filler", TRIAGE_FILLER, 0, 0,
                "hi|hello|hey|you|u|so|very|much|for|the|a|an|is|it|this|that|to|of|on|and|please|"
                "plz|pls|ok|okay|bye|lol|haha|again|your|ur|number|message|service|line|weekend|"
                "weekends|sunday|saturday|monday|christmas|day|today|just|only|text|texting|chat|"
                "sorry|good|great|nice|1|2|3|123|one|two"},
        {"en.spam", TRIAGE_SPAM, 0, 0,
                "claim|win|winner|won|prize|free|urgent|guaranteed|congratulations ~6 "
                "prize|cash|award|call|txt|gift|voucher|reward|mobile|claim|ringtone"},
};

struct triage_rules triage_rules_en(void)
{
	return (struct triage_rules){rules, sizeof rules / sizeof rules[0]};
}
