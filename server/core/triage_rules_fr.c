// SPDX-License-Identifier: Apache-2.0
// French rules, a first set: written without accents or apostrophes, as the text is read.
#include "triage_rules.h"

static const struct triage_rule rules[] = {
        {"fr.act.cachets", TRIAGE_RISK, LEVEL_IMMINENT, TRIAGE_SUICIDE | TRIAGE_SUBSTANCE,
                "pris|avale|avaler|prends|pri ~5 "
                "cachets|medicaments|comprimes|pilules|boite|javel"},
        {"fr.act.maintenant", TRIAGE_RISK, LEVEL_IMMINENT, TRIAGE_SUICIDE,
                "vais|veux|vai ~3 tuer|mourir|suicider|pendre|sauter|finir ~4 "
                "soir|maintenant|nuit|aujourdhui"},
        {"fr.act.pont", TRIAGE_RISK, LEVEL_IMMINENT, TRIAGE_SUICIDE,
                "pont|toit|rails|falaise|balcon ~5 sauter|jeter|saute"},
        {"fr.act.sauter", TRIAGE_RISK, LEVEL_IMMINENT, TRIAGE_SUICIDE,
                "sauter|jeter|saute ~5 pont|toit|train|falaise|balcon|fenetre"},
        {"fr.act.veines", TRIAGE_RISK, LEVEL_IMMINENT, TRIAGE_SELF_HARM,
                "coupe|coupee|ouvert|ouverte|tailade ~2 veines|poignets"},
        {"fr.abuse.tuer", TRIAGE_RISK, LEVEL_IMMINENT, TRIAGE_ABUSE,
                "il|elle|mari|pere ~3 va|veut|menace ~2 me|nous ~1 tuer|frapper"},
        {"fr.abuse.cachee", TRIAGE_RISK, LEVEL_IMMINENT, TRIAGE_ABUSE,
                "cachee|cache|enfermee|enferme ~4 salle|chambre|toilettes|placard"},
        {"fr.suicide.me_tuer", TRIAGE_RISK, LEVEL_HIGH, TRIAGE_SUICIDE,
                "me|mes ~1 tuer|pendre|foutre|supprimer|flinguer"},
        {"fr.suicide.mourir", TRIAGE_RISK, LEVEL_HIGH, TRIAGE_SUICIDE,
                "veux|envie|voudrais|prefere|denvie|veu|aimerais ~3 "
                "mourir|crever|disparaitre|mort|morte"},
        {"fr.suicide.plus_vivre", TRIAGE_FIRM, LEVEL_HIGH, TRIAGE_SUICIDE,
                "plus|pas ~3 vivre|exister|continuer"},
        {"fr.suicide.plus_la", TRIAGE_FIRM, LEVEL_HIGH, TRIAGE_SUICIDE, "plus etre la"},
        {"fr.suicide.en_finir", TRIAGE_RISK, LEVEL_HIGH, TRIAGE_SUICIDE, "en finir"},
        {"fr.suicide.vais_sauter", TRIAGE_RISK, LEVEL_HIGH, TRIAGE_SUICIDE, "vais|veux ~1 sauter"},
        {"fr.suicide.plus_force", TRIAGE_FIRM, LEVEL_HIGH, TRIAGE_SUICIDE, "plus la force"},
        {"fr.suicide.peux_plus", TRIAGE_FIRM, LEVEL_HIGH, TRIAGE_SUICIDE,
                "peux|peu|supporte|tiens|jen ~1 plus"},
        {"fr.suicide.fin_jours", TRIAGE_RISK, LEVEL_HIGH, TRIAGE_SUICIDE,
                "fin ~1 a ~1 mes ~1 jours|vie"},
        {"fr.suicide.sans_moi", TRIAGE_FIRM, LEVEL_HIGH, TRIAGE_SUICIDE, "mieux ~2 sans moi"},
        {"fr.harm.mutile", TRIAGE_RISK, LEVEL_HIGH, TRIAGE_SELF_HARM,
                "automutil*|mautomutil*|scarif*|scarifie"},
        {"fr.harm.coupe", TRIAGE_RISK, LEVEL_HIGH, TRIAGE_SELF_HARM,
                "me coupe|couper|brule|bruler|scarifie"},
        {"fr.abuse.frappe", TRIAGE_RISK, LEVEL_HIGH, TRIAGE_ABUSE,
                "me frape|frappe|bat|touche|viole|maltraite"},
        {"fr.abuse.ma_frappe", TRIAGE_RISK, LEVEL_HIGH, TRIAGE_ABUSE,
                "ma frappe|frappee|violee|viole|touchee|battue|agressee"},
        {"fr.abuse.word", TRIAGE_RISK, LEVEL_HIGH, TRIAGE_ABUSE,
                "viol|violee|abus|maltraitance|inceste|harcel*"},
        {"fr.third.ami", TRIAGE_RISK, LEVEL_HIGH, TRIAGE_SUICIDE | TRIAGE_THIRD_PARTY,
                "amie|ami|copine|copain|soeur|frere|fille|fils|mere|pere|elle|il ~4 "
                "veut|dit|va|essaye ~3 mourir|tuer|suicider"},
        {"fr.violence.tuer", TRIAGE_RISK, LEVEL_HIGH, TRIAGE_VIOLENCE,
                "vais|veux ~1 le|la|les tuer|buter|planter"},
        {"fr.distress.triste", TRIAGE_RISK, LEVEL_MEDIUM, 0,
                "triste|deprime|deprimee|depression|pleure|seul|seule|vide|desespere*"},
        {"fr.distress.angoisse", TRIAGE_RISK, LEVEL_MEDIUM, TRIAGE_PANIC,
                "angoisse|angoissee|angoise|panique|peur|stress|stresse|stressee"},
        {"fr.now.soir", TRIAGE_NOW, 0, 0, "ce soir"},
        {"fr.now.maintenant", TRIAGE_NOW, 0, 0, "maintenant|nuit"},
        {"fr.now.adieu", TRIAGE_NOW, 0, 0, "adieu|adieux"},
        {"fr.means.main", TRIAGE_MEANS, 0, 0,
                "jai|ai|avec ~4 cachets|medicaments|couteau|corde|arme|pistolet|lame|rasoir"},
        {"fr.negation", TRIAGE_NEGATION, 0, 0, "jamais|aucune"},
        {"fr.negation.pas", TRIAGE_NEGATION, 0, 0, "pas"},
        {"fr.negation.veux_pas", TRIAGE_NEGATION, 0, 0, "veux|voudrais|envie|vais pas"},
        {"fr.negation.sais_pas", TRIAGE_FIGURATIVE, 0, 0, "sais|peux|arrive|arrete pas"},
        {"fr.ago", TRIAGE_AGO, 0, 0, "il ya|y ~2 ans|mois|longtemps"},
        {"fr.figurative.rire", TRIAGE_FIGURATIVE, 0, 0,
                "mort|morte|meurs|mourir|creve ~1 de rire|faim|soif|chaud|froid|fatigue"},
        {"fr.filler", TRIAGE_FILLER, 0, 0, "beaucoup|bien|pour|votre|reponse"},
        {"fr.calm.merci", TRIAGE_CALM, 0, 0, "merci"},
};

struct triage_rules triage_rules_fr(void)
{
	return (struct triage_rules){rules, sizeof rules / sizeof rules[0]};
}
