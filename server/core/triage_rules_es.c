// SPDX-License-Identifier: Apache-2.0
// Spanish rules, a first set: written without accents, as the text is read.
#include "triage_rules.h"

static const struct triage_rule rules[] = {
        {"es.act.pastillas", TRIAGE_RISK, LEVEL_IMMINENT, TRIAGE_SUICIDE | TRIAGE_SUBSTANCE,
                "tome|tomado|tragado|trague|tomando ~5 "
                "pastillas|pastilas|pildoras|frasco|veneno|cloro"},
        {"es.act.ahora", TRIAGE_RISK, LEVEL_IMMINENT, TRIAGE_SUICIDE,
                "voy|quiero|estoy ~3 matar|matarme|suicidar|suicidarme|colgarme|tirarme|acabar ~4 "
                "hoy|noche|ahora|ya"},
        {"es.act.puente", TRIAGE_RISK, LEVEL_IMMINENT, TRIAGE_SUICIDE,
                "puente|azotea|balcon|vias ~5 saltar|tirarme|lanzarme"},
        {"es.act.saltar", TRIAGE_RISK, LEVEL_IMMINENT, TRIAGE_SUICIDE,
                "saltar|tirarme|lanzarme ~5 puente|azotea|balcon|tren"},
        {"es.act.venas", TRIAGE_RISK, LEVEL_IMMINENT, TRIAGE_SELF_HARM,
                "corte|cortado|abri|abierto ~3 venas|munecas"},
        {"es.abuse.ahora", TRIAGE_RISK, LEVEL_IMMINENT, TRIAGE_ABUSE,
                "va|quiere|intento|amenaza ~2 matarme|matarnos|golpearme"},
        {"es.abuse.escondida", TRIAGE_RISK, LEVEL_IMMINENT, TRIAGE_ABUSE,
                "escondida|escondido|encerrada|encerrado"},
        {"es.suicide.matarme", TRIAGE_RISK, LEVEL_HIGH, TRIAGE_SUICIDE,
                "matarme|ahorcarme|colgarme|envenenarme"},
        {"es.suicide.me_mato", TRIAGE_RISK, LEVEL_HIGH, TRIAGE_SUICIDE,
                "me ~2 matar|mato|mate|cuelgo"},
        {"es.suicide.morir", TRIAGE_RISK, LEVEL_HIGH, TRIAGE_SUICIDE,
                "quiero|quisiera|kiero|deseo|ganas|prefiero|mejor ~3 "
                "morir|morirme|muerta|muerto|desaparecer|dormir"},
        {"es.suicide.no_vivir", TRIAGE_FIRM, LEVEL_HIGH, TRIAGE_SUICIDE,
                "no|sin ~3 vivir|viviendo|seguir|existir"},
        {"es.suicide.no_estar", TRIAGE_FIRM, LEVEL_HIGH, TRIAGE_SUICIDE,
                "no ~1 quiero estar ~1 aqui|viva|vivo|mas"},
        {"es.suicide.no_puedo_mas", TRIAGE_FIRM, LEVEL_HIGH, TRIAGE_SUICIDE,
                "no|ya ~2 puedo|aguanto|soporto ~1 mas"},
        {"es.suicide.quitarme", TRIAGE_RISK, LEVEL_HIGH, TRIAGE_SUICIDE,
                "quitarme|acabar|terminar ~2 vida|tod*"},
        {"es.suicide.carga", TRIAGE_FIRM, LEVEL_HIGH, TRIAGE_SUICIDE, "mejor|estarian ~3 sin mi"},
        {"es.harm.cortarme", TRIAGE_RISK, LEVEL_HIGH, TRIAGE_SELF_HARM,
                "cortarme|cortandome|lastimarme|autolesi*"},
        {"es.harm.me_corto", TRIAGE_RISK, LEVEL_HIGH, TRIAGE_SELF_HARM,
                "me corto|corte|lastimo|quemo"},
        {"es.abuse.pega", TRIAGE_RISK, LEVEL_HIGH, TRIAGE_ABUSE,
                "me pega|golpea|maltrata|viola|violo|violaron|abusa|toca|toco"},
        {"es.abuse.word", TRIAGE_RISK, LEVEL_HIGH, TRIAGE_ABUSE,
                "abuso|violacion|maltrato|violada|abusada|abusado"},
        {"es.third.amigo", TRIAGE_RISK, LEVEL_HIGH, TRIAGE_SUICIDE | TRIAGE_THIRD_PARTY,
                "amiga|amigo|hermana|hermano|hija|hijo|madre|padre|novia|novio|ella|el ~4 "
                "quiere|intento|dice|va ~3 morir|matarse|suicidarse"},
        {"es.violence.matar", TRIAGE_RISK, LEVEL_HIGH, TRIAGE_VIOLENCE,
                "quiero|voy ~2 matarlo|matarla|matarlos"},
        {"es.distress.triste", TRIAGE_RISK, LEVEL_MEDIUM, 0,
                "triste|deprimida|deprimido|depresion|llorando|sola|solo|vacia|vacio|desesperad*"},
        {"es.distress.ansiedad", TRIAGE_RISK, LEVEL_MEDIUM, TRIAGE_PANIC,
                "ansiedad|ansiosa|ansioso|panico|miedo|asustad*|estresad*"},
        {"es.now.noche", TRIAGE_NOW, 0, 0, "esta noche"},
        {"es.now.ahora", TRIAGE_NOW, 0, 0, "ahora|ahorita|ya mismo"},
        {"es.now.adios", TRIAGE_NOW, 0, 0, "adios|despido|despedirme"},
        {"es.now.hoy", TRIAGE_NOW, 0, 0, "hoy"},
        {"es.means.mano", TRIAGE_MEANS, 0, 0,
                "tengo ~4 "
                "pastillas|pastilas|cuchillo|cuchilo|pistola|arma|soga|cuerda|navaja|veneno"},
        {"es.negation", TRIAGE_NEGATION, 0, 0, "no|nunca|jamas|tampoco"},
        {"es.ago", TRIAGE_AGO, 0, 0, "hace ~2 anos|meses|tiempo"},
        {"es.past", TRIAGE_PAST, 0, 0, "cuando era"},
        {"es.negation.saber", TRIAGE_FIGURATIVE, 0, 0,
                "no|nunca ~1 se|importa|solo|dejo|paro|puedo"},
        {"es.figurative.risa", TRIAGE_FIGURATIVE, 0, 0,
                "muero|muerta|muerto|morir ~1 de risa|hambre|sueno|calor|frio"},
        {"es.calm.gracias", TRIAGE_CALM, 0, 0, "gracias"},
        {"es.filler", TRIAGE_FILLER, 0, 0, "muchas|mil|por|la|respuesta"},
        {"es.calm.prueba", TRIAGE_CALM, 0, 0, "prueba"},
};

struct triage_rules triage_rules_es(void)
{
	return (struct triage_rules){rules, sizeof rules / sizeof rules[0]};
}
