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
                "pills|pils|tablets|tylenol|ibuprofen|advil|paracetamol|meds|xanax|bleach|"
                "antifreeze"},
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
        {"en.act.wont_wake", TRIAGE_RISK, LEVEL_IMMINENT, SUICIDE,
                "wont|never|not|dont ~2 wake|waking ~2 up|again|tomorow|tomorrow"},
        {"en.act.goodbye_note", TRIAGE_RISK, LEVEL_IMMINENT, SUICIDE,
                "wrote|written|writing|left|leaving ~3 goodbye|suicide|last ~1 "
                "note|notes|letter|letters"},
        {"en.act.cutting_now", TRIAGE_RISK, LEVEL_IMMINENT, HARM,
                "cut|cuting|cutting|slit|slited|sliced ~2 too|to|deep|wrists|throat ~2 "
                "deep|bad|badly|now"},
        {"en.abuse.now", TRIAGE_RISK, LEVEL_IMMINENT, ABUSE,
                "he|she|hes|shes|dad|mom|stepdad|boyfriend|husband|they ~3 "
                "outside|breaking|coming|back|here ~4 door|kill|hurt|hit|knife|gun"},
        {"en.abuse.hiding", TRIAGE_RISK, LEVEL_IMMINENT, ABUSE,
                "hiding|hid|locked ~4 bathroom|closet|room|car|him|her|from"},
        {"en.abuse.will_kill_me", TRIAGE_RISK, LEVEL_IMMINENT, ABUSE,
                "going|gonna|gona|will|hel|shel|trying|tried|threatened|wants ~2 "
                "kill|hurt|choke|strangle|shoot me|us"},
        {"en.violence.now", TRIAGE_RISK, LEVEL_IMMINENT, VIOLENT,
                "going|gonna|gona|about|ready ~2 shoot|stab|kill|attack ~2 "
                "him|her|them|everyone|people|school|someone"},

        // ideation, intent, plan without a time
        {"en.suicide.word", TRIAGE_RISK, LEVEL_HIGH, SUICIDE, "suicid*"},
        {"en.suicide.misspelt", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "sucide|sucidal|suiside|suisidal|sewerslide|sucidle|suacide|unalive*"},
        {"en.suicide.kill_myself", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "kill|kil|killing|kiling|end|ending|hang|hanging|shoot|drown|off|offing|poison|"
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
        {"en.suicide.not_live", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "dont|not|cant|donot|never|no ~4 live|living|alive|exist|be|go ~1 "
                "anymore|any|longer|here|on|alive"},
        {"en.suicide.not_want_live", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "dont|not|never|no ~2 want|wana|wanna|wish ~2 live|exist|wake|alive"},
        {"en.suicide.cant_anymore", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "cant|cannot|cnt ~3 anymore|anymor|any more|longer"},
        {"en.suicide.cant_go_on", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "cant|cannot|dont ~3 go|keep|take ~1 on|going|it"},
        {"en.suicide.no_reason", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "no|nothing|any ~2 reason|point|left ~2 live|living|for|alive|life"},
        {"en.suicide.better_off", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "better|happier|beter ~2 without|of|off ~1 me|without|dead"},
        {"en.suicide.disappear", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "want|wanna|wish ~3 disappear|vanish|sleep|gone ~1 forever|away|completely"},
        {"en.suicide.never_born", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "wish|never|werent|wasnt ~3 born"},
        {"en.suicide.burden", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "burden|nobody|noone|everyone ~4 everyone|family|them|miss|care|hates ~2 "
                "me|gone|dead"},
        {"en.suicide.jump", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "jump|jumping ~3 bridge|building|roof|window|train|cliff|off|front"},
        {"en.suicide.od", TRIAGE_RISK, LEVEL_HIGH, SUICIDE | DRUGS, "overdose|od"},
        {"en.suicide.all_pills", TRIAGE_RISK, LEVEL_HIGH, SUICIDE | DRUGS,
                "take|taking|swallow ~3 pills|pils|meds|tablets|bottle"},
        {"en.suicide.plan", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "have|got|made|know|my ~3 plan|method|how ~3 die|it|kill|end"},
        {"en.suicide.attempt", TRIAGE_RISK, LEVEL_HIGH, SUICIDE,
                "attempted|attempt|tried ~4 die|kill|again|life|overdose"},
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
        {"en.abuse.word", TRIAGE_RISK, LEVEL_HIGH, ABUSE, "abuse|abusive|abused|abuser"},
        {"en.abuse.afraid_home", TRIAGE_RISK, LEVEL_HIGH, ABUSE,
                "afraid|scared|unsafe ~3 home|him|her|dad|husband|boyfriend|stepdad"},
        {"en.abuse.not_safe", TRIAGE_RISK, LEVEL_HIGH, ABUSE,
                "not|isnt|dont|never ~2 safe ~2 home|here|with|him|her"},
        {"en.abuse.traffick", TRIAGE_RISK, LEVEL_HIGH, ABUSE, "traffick*|forced ~3 sex|prostitut*"},
        {"en.violence.want", TRIAGE_RISK, LEVEL_HIGH, VIOLENT,
                "want|wanna|going|gonna|plan|planning ~3 kill|hurt|stab|shoot ~1 "
                "him|her|them|someone|everyone|people|my"},
        {"en.violence.school", TRIAGE_RISK, LEVEL_HIGH, VIOLENT, "shoot ~2 up|school|everyone"},
        {"en.third.wants_die", TRIAGE_RISK, LEVEL_HIGH, SUICIDE | OTHER,
                "friend|sister|brother|mom|dad|daughter|son|she|he|they|girlfriend|boyfriend|"
                "cousin ~5 wants|said|says|going|tried|threatening ~4 die|kill|suicide|end|dead"},
        {"en.third.himself", TRIAGE_RISK, LEVEL_HIGH, SUICIDE | OTHER,
                "kill|hurt|harm|cutting|cuting|hang|shoot ~1 himself|herself|themself|themselves"},
        {"en.substance.withdrawal", TRIAGE_RISK, LEVEL_HIGH, DRUGS,
                "withdrawal|withdrawals|fentanyl|heroin|naloxone|narcan"},
        {"en.eating.dying", TRIAGE_RISK, LEVEL_HIGH, HARM,
                "havent|not ~2 eaten|eating ~2 days|week|weeks"},
        {"en.hearing_voices", TRIAGE_RISK, LEVEL_HIGH, 0,
                "voices|voice ~3 telling|tell|say|saying"},

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
        {"en.distress.hate_self", TRIAGE_RISK, LEVEL_MEDIUM, 0,
                "hate|hating ~1 myself|life|everything"},
        {"en.distress.drinking", TRIAGE_RISK, LEVEL_MEDIUM, DRUGS,
                "drinking|drunk|sober ~3 again|much|stop|alone"},

        // what makes a risk a matter of minutes
        {"en.now.tonight", TRIAGE_NOW, 0, 0, "tonight|tonite|2nite|2night"},
        {"en.now.right_now", TRIAGE_NOW, 0, 0, "right now"},
        {"en.now.about_to", TRIAGE_NOW, 0, 0, "about|going to do it"},
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
                "not|dont|never|no|isnt|arent|wont|didnt|wouldnt|aint"},
        {"en.past", TRIAGE_PAST, 0, 0, "used to|years|months|long ~1 ago"},
        {"en.past.year", TRIAGE_PAST, 0, 0, "last year|summer|winter|month"},
        {"en.past.was", TRIAGE_PAST, 0, 0, "when i was"},
        {"en.figurative.dying_of", TRIAGE_FIGURATIVE, 0, 0,
                "dying|die|died|dead ~1 of|from|laughing|to ~1 "
                "laughter|laughing|boredom|embarrassment|hunger|see|know|meet"},
        {"en.figurative.killing_me", TRIAGE_FIGURATIVE, 0, 0,
                "feet|back|head|legs|shoes|suspense|heat|traffic ~2 killing|kiling me"},
        {"en.figurative.killing_it", TRIAGE_FIGURATIVE, 0, 0, "killed|killing|killin it"},
        {"en.figurative.to_die_for", TRIAGE_FIGURATIVE, 0, 0, "to die for"},
        {"en.figurative.dead_tired", TRIAGE_FIGURATIVE, 0, 0,
                "dead tired|serious|battery|end|line|beat"},
        {"en.figurative.phone_dying", TRIAGE_FIGURATIVE, 0, 0,
                "phone|battery|fone|laptop ~3 die|dead|dying|died|dies"},
        {"en.figurative.will_kill_me", TRIAGE_FIGURATIVE, 0, 0,
                "mom|mum|dad|wife|boss|teacher|she|he ~3 kill me ~1 if|when|for"},
        {"en.figurative.cant_wait", TRIAGE_FIGURATIVE, 0, 0, "cant|cannot wait ~4 anymore|longer"},
        {"en.figurative.deadline", TRIAGE_FIGURATIVE, 0, 0,
                "movie|film|game|book|song|episode|show ~4 suicide|die|kill|dead"},

        // nothing of concern by itself
        {"en.calm.test", TRIAGE_CALM, 0, 0, "test|testing"},
        {"en.calm.thanks", TRIAGE_CALM, 0, 0, "thanks|thank|thx|ty"},
        {"en.calm.hours", TRIAGE_CALM, 0, 0, "what|when|are ~4 open|hours|volunteer"},
        {"en.calm.volunteer", TRIAGE_CALM, 0, 0, "how ~4 volunteer|donate"},
        {"en.calm.spam", TRIAGE_CALM, 0, 0,
                "claim|win|winner|won|prize|free|urgent|guaranteed ~6 "
                "prize|cash|award|call|txt|gift|voucher"},
        {"en.calm.link", TRIAGE_CALM, 0, 0, "www|http|https"},
        {"en.calm.wrong", TRIAGE_CALM, 0, 0, "wrong number"},
};

struct triage_rules triage_rules_en(void)
{
	return (struct triage_rules){rules, sizeof rules / sizeof rules[0]};
}
